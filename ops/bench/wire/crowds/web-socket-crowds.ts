import { once } from "node:events";
import { WebSocket } from "ws";
import { startPeer } from "../../load/process.ts";
import type { OpenCrowd } from "./crowd.ts";
import { openPeerCrowd, type Subscribe } from "./peer-crowd.ts";

/** Called with each message of a socket; true where it is a delivery. */
type Receive = (socket: WebSocket, data: Buffer) => boolean;

export const openWsCrowd: OpenCrowd = async (_, env) => {
  const server = await startPeer("ops/bench/peers/ws.ts", env);
  return openPeerCrowd(
    "ws",
    server,
    subscribeBy(server.url, () => true),
  );
};

export const openSocketIoCrowd: OpenCrowd = async (_, env) => {
  const server = await startPeer("ops/bench/peers/socket-io.ts", env);
  const url = `${server.url}/socket.io/?EIO=4&transport=websocket`;
  return openPeerCrowd("Socket.IO", server, subscribeBy(url, receiveSocketIo));
};

/** What stands before a packet of Engine.IO, and of Socket.IO within its messages. */
const packets = { open: "0", ping: "2", pong: "3", connect: "40", event: "42" } as const;

/** As much of the protocol as a listener needs; the stock client would be the bottleneck of what it measures. */
function receiveSocketIo(socket: WebSocket, data: Buffer): boolean {
  const start = data.toString("latin1", 0, 2);
  if (start === packets.event) return true;
  if (start.startsWith(packets.open)) socket.send(packets.connect);
  if (start.startsWith(packets.ping)) socket.send(packets.pong);
  return false;
}

/** One subscriber on each connection: these protocols know no more. */
function subscribeBy(url: string, receive: Receive): Subscribe {
  return async (_, connections, onDeliveries) => {
    const open = async () => {
      const socket = new WebSocket(url.replace("http:", "ws:"), { perMessageDeflate: false });
      socket.on("message", (data: Buffer) => {
        if (receive(socket, data)) onDeliveries(1);
      });
      await once(socket, "open");
      return socket;
    };
    const sockets = await Promise.all(Array.from({ length: connections }, open));
    return () => {
      for (const socket of sockets) socket.terminate();
    };
  };
}
