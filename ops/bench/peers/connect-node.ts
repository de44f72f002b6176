/**
 * The stock adapter of Connect for Node. With the argument `checked` its calls pass what ours do: interceptors that type
 * failures, measure, verify a token and hold the request to its rules.
 */
import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService, type Frame } from "#gen/parley/chat/v1/delivery_pb.js";
import { checks } from "./checks.ts";
import { announcePeer, listenAnywhere } from "./control.ts";
import { acknowledgement, deliveredFrame } from "./messages.ts";
import { createQueue, type Queue } from "./queue.ts";

const queues = new Set<Queue<Frame>>();

async function* subscribe(signal: AbortSignal): AsyncIterable<Frame> {
  const queue = createQueue<Frame>(signal);
  queues.add(queue);
  try {
    yield* queue;
  } finally {
    queues.delete(queue);
  }
}

const handler = connectNodeAdapter({
  interceptors: process.argv.includes("checked") ? checks : [],
  routes: (router) => {
    router.service(ChatService, { sendMessage: acknowledgement });
    router.service(DeliveryService, { subscribe: (_, { signal }) => subscribe(signal) });
  },
});
const server = createServer({ maxSessionMemory: 64 }, handler);
server.on("session", (session) => session.on("error", () => {}));
await announcePeer(await listenAnywhere(server), {
  size: () => queues.size,
  publish() {
    const frame = deliveredFrame();
    for (const queue of queues) queue.push(frame);
  },
});
