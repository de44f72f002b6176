import { envelope } from "../../bench/load/wire.ts";
import type { Behaviour } from "./behaviour.ts";
import { begin, onSession, onSocket, pause } from "./raw.ts";

const heldMs = 4_000;
/** A window so small that hardly a frame fits. */
const tinyWindow = 100;

/** Subscribes and never reads. */
export const neverRead: Behaviour = async ({ town, person, below }) => {
  await onSession(town.url, { settings: { initialWindowSize: tinyWindow } }, async (session) => {
    const stream = begin(session, "chat.v1.DeliveryService/Subscribe", person.token, "application/connect+json");
    stream.pause();
    stream.end(envelope(Buffer.from("{}")));
    await pause(below(heldMs));
  });
};

/** Subscribes and reads a little now and then. */
export const readSlowly: Behaviour = async ({ town, person, below }) => {
  await onSession(town.url, { settings: { initialWindowSize: tinyWindow } }, async (session) => {
    const stream = begin(session, "chat.v1.DeliveryService/Subscribe", person.token, "application/grpc");
    stream.pause();
    stream.end(envelope(Buffer.alloc(0)));
    const end = Date.now() + below(heldMs);
    while (Date.now() < end && !stream.closed) {
      stream.read();
      await pause(20 + below(100));
    }
  });
};

/** Asks for large pages over one HTTP/1.1 connection and takes no answer. */
export const askWithoutReading: Behaviour = async ({ town, person, below }) => {
  const body = JSON.stringify({ conversationId: town.noisy, fromSeq: "1", pageSize: 1000 });
  const request = [
    "POST /parley.chat.v1.ChatService/ListEvents HTTP/1.1",
    "host: soak",
    "content-type: application/json",
    `authorization: Bearer ${person.token}`,
    `content-length: ${body.length}`,
  ].join("\r\n");
  await onSocket(town.url, async (socket) => {
    socket.pause();
    for (let n = 0; n < 1 + below(8); n++) socket.write(`${request}\r\n\r\n${body}`);
    await pause(below(heldMs));
  });
};
