/** WebSockets without more: each message is sent to each of them. */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { announcePeer, listenAnywhere } from "./control.ts";
import { encodedFrame } from "./messages.ts";

const server = createServer();
const sockets = new WebSocketServer({ server });
sockets.on("connection", (socket) => socket.on("error", () => {}));
await announcePeer(await listenAnywhere(server), {
  size: () => sockets.clients.size,
  publish() {
    for (const socket of sockets.clients) socket.send(encodedFrame, { binary: true });
  },
});
