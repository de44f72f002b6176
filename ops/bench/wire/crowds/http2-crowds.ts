import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { type MeasuredPeer, startBareServer, startPeer } from "../../load/process.ts";
import { openWire, pathOf, type WireProtocol } from "../../load/wire.ts";
import type { OpenCrowd } from "./crowd.ts";
import { frameBytes, openPeerCrowd, type Subscribe } from "./peer-crowd.ts";

/** Streams of bare HTTP/2, to which one buffer is written. */
export const openBareCrowd: OpenCrowd = async (_, env) => {
  const server = await startBareServer(env);
  return openPeerCrowd(
    "bare node:http2, one buffer for all",
    server,
    async (subscribers, connections, onDeliveries) => {
      const wire = openWire(server.url, connections);
      const listen = () => {
        let bytes = 0;
        return wire.listen("/listen/all", (chunk) => {
          bytes += chunk.length;
          onDeliveries(Math.floor(bytes / frameBytes));
          bytes %= frameBytes;
        });
      };
      await Promise.all(Array.from({ length: subscribers }, listen));
      return wire.close;
    },
  );
};

export const openConnectNodeCrowd: OpenCrowd = async (_, env) => {
  const server = await startPeer("ops/bench/peers/connect-node.ts", env);
  return openPeerCrowd("stock connect-node", server, subscribeBy("connect", server));
};

export const openGrpcJsCrowd: OpenCrowd = async (_, env) => {
  const server = await startPeer("ops/bench/peers/grpc-js.ts", env);
  return openPeerCrowd("grpc-js, encoded once", server, subscribeBy("grpc", server));
};

function subscribeBy(protocol: WireProtocol, server: MeasuredPeer): Subscribe {
  const path = pathOf(DeliveryService.method.subscribe);
  return (subscribers, connections, onDeliveries) => {
    const wire = openWire(server.url, connections, protocol);
    for (let n = 0; n < subscribers; n++) wire.stream(path, "", new Uint8Array(), () => onDeliveries(1));
    return wire.close;
  };
}
