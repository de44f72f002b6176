import { randomBytes } from "node:crypto";
import {
  type FrameClient,
  frame,
  frameFlags,
  frameTypes,
  getFrame,
  openFrames,
  uint32,
} from "#platform/testing/http2-frames.ts";
import type { Behaviour } from "./behaviour.ts";
import { closedWithin } from "./raw.ts";

const answerMs = 500;
const { data, headers, settings, ping, reset, continuation, windowUpdate, goaway } = frameTypes;
const overflow = 0x7fffffff;

/** What HTTP/2 forbids, or allows too much of. */
const malformed: readonly ((client: FrameClient) => void)[] = [
  ({ send }) => send(frame(data, 0, 0, randomBytes(10))),
  ({ send }) => send(frame(data, 0, 5, randomBytes(10))),
  ({ send }) => send(frame(headers, frameFlags.endHeaders, 1, randomBytes(50))),
  ({ send }) => send(frame(headers, frameFlags.endHeaders, 2, randomBytes(5))),
  ({ send }) => send(frame(headers, 0, 1, randomBytes(5)), frame(ping, 0, 0, randomBytes(8))),
  ({ send }) => send(frame(continuation, 0, 1, randomBytes(5))),
  ({ send }) => send(frame(settings, 0, 0, randomBytes(5))),
  ({ send }) => send(frame(settings, 0, 1)),
  ({ send }) => send(frame(ping, 0, 0, randomBytes(7))),
  ({ send }) =>
    send(getFrame(1), frame(windowUpdate, 0, 1, uint32(overflow)), frame(windowUpdate, 0, 1, uint32(overflow))),
  ({ send }) => send(frame(windowUpdate, 0, 0, uint32(0))),
  ({ send }) => send(frame(reset, 0, 9, uint32(8))),
  ({ send }) => send(frame(goaway, 0, 0, Buffer.alloc(8))),
  ({ send }) => send(frame(200, 255, 77, randomBytes(30))),
  ({ send }) => send(frame(data, 0, 1, Buffer.alloc(20_000))),
  ({ send }) => send(...Array.from({ length: 300 }, (_, n) => getFrame(2 * n + 1))),
  ({ send }) => send(...Array.from({ length: 2_000 }, () => frame(ping, 0, 0, Buffer.alloc(8)))),
  ({ send }) => send(...Array.from({ length: 2_000 }, () => frame(settings, 0, 0))),
  ({ send }) => send(...Array.from({ length: 300 }, (_, n) => resetAtOnce(2 * n + 1))),
  ({ send }) =>
    send(frame(headers, 0, 1), ...Array.from({ length: 100 }, () => frame(continuation, 0, 1, randomBytes(300)))),
];

function resetAtOnce(stream: number): Buffer {
  return Buffer.concat([getFrame(stream), frame(reset, 0, stream, uint32(8))]);
}

/** Frames that a client must not send, or not so many of. */
export const malformedFrames: Behaviour = async ({ town, below }) => {
  const client = await openFrames(town.url, { answersPings: below(2) === 0 });
  try {
    for (let n = 0; n < 1 + below(3); n++) malformed[below(malformed.length)]?.(client);
    await closedWithin(answerMs, client.socket);
  } finally {
    client.close();
  }
};
