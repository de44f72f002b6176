/** Socket.IO over WebSockets alone; everybody is in one room. */
import { createServer } from "node:http";
import { toJson } from "@bufbuild/protobuf";
import { Server } from "socket.io";
import { FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { announcePeer, listenAnywhere } from "./control.ts";
import { deliveredFrame } from "./messages.ts";

const server = createServer();
const io = new Server(server, { transports: ["websocket"], serveClient: false });
io.on("connection", (socket) => void socket.join("all"));
const frame = toJson(FrameSchema, deliveredFrame());
await announcePeer(await listenAnywhere(server), {
  size: () => io.of("/").adapter.rooms.get("all")?.size ?? 0,
  publish: () => void io.to("all").emit("frame", frame),
});
