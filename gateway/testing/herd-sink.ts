import type { Frame } from "#gen/parley/chat/v1/delivery_pb.js";
import { HeldSink } from "./held-sink.ts";

const envelopeBytes = 5;
/** First byte of an encoded `Frame` that says "caught up". */
const caughtUpTag = (11 << 3) | 2;

/** A client that reads all. Nothing is decoded before it is asked for: thousands of them share a process with the server. */
export class HerdSink extends HeldSink {
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly fail = this.#caughtUp.reject;

  override write(envelopes: Uint8Array): boolean {
    super.write(envelopes);
    if (lastTag(envelopes) === caughtUpTag) this.#caughtUp.resolve();
    return true;
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }
}

/** Of the last frame that a client was told. */
export function tokenOf(last: Frame | undefined): string {
  return last?.frame.case === "caughtUp" ? last.frame.value.token : "";
}

function lastTag(envelopes: Uint8Array): number | undefined {
  return [...tagsOf(Buffer.from(envelopes.buffer, envelopes.byteOffset, envelopes.byteLength))].at(-1);
}

function* tagsOf(envelopes: Buffer): Generator<number> {
  for (let at = 0; at < envelopes.length; ) {
    yield envelopes.readUInt8(at + envelopeBytes);
    at += envelopeBytes + envelopes.readUInt32BE(at + 1);
  }
}
