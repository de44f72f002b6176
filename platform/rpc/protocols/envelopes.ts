import type { Readable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import { tooLarge } from "./gather-body.ts";
import type { ReadLimits } from "./wire.ts";

/** A flag byte and the length of the data: the same in gRPC, gRPC-Web and Connect's streams. */
export const envelopeBytes = 5;

export interface Envelope {
  readonly flags: number;
  readonly data: Buffer;
}

export function envelop(flags: number, data: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(envelopeBytes + data.length);
  bytes[0] = flags;
  bytes.writeUInt32BE(data.length, 1);
  bytes.set(data, envelopeBytes);
  return bytes;
}

/** The one envelope of a body. What it means that there is none, or another one, is for the caller to say. */
export function onlyEnvelope(body: Buffer, maxBytes: number): Envelope {
  if (body.length === 0) throw notOne("missing message");
  const envelope = envelopeAt(body, 0, maxBytes);
  if (!envelope) throw new ConnectError("incomplete message", Code.InvalidArgument);
  if (envelopeBytes + envelope.data.length < body.length) throw notOne("more than one message");
  return envelope;
}

function notOne(message: string): ConnectError {
  return new ConnectError(`protocol error: ${message}`, Code.Unimplemented);
}

function envelopeAt(bytes: Buffer, at: number, maxBytes: number): Envelope | undefined {
  if (bytes.length - at < envelopeBytes) return undefined;
  const length = bytes.readUInt32BE(at + 1);
  if (length > maxBytes) throw tooLarge(maxBytes);
  const start = at + envelopeBytes;
  if (bytes.length - start < length) return undefined;
  return { flags: bytes[at] ?? 0, data: bytes.subarray(start, start + length) };
}

/** Reads envelope after envelope. While one waits to be taken, nothing more is read from the client. */
export function readEnvelopes(
  body: Readable,
  { maxMessageBytes, hold }: Pick<ReadLimits, "maxMessageBytes" | "hold">,
): AsyncIterableIterator<Envelope> {
  const reader = new EnvelopeReader(body, maxMessageBytes, hold);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => reader.next(),
    async return() {
      reader.stop();
      return { done: true, value: undefined };
    },
  };
}

class EnvelopeReader {
  readonly #body: Readable;
  readonly #maxBytes: number;
  readonly #hold: (bytes: number) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Bytes that the first envelope of the rest needs before it is worth looking. */
  #needs = envelopeBytes;
  #ready: Envelope[] = [];
  #failure: unknown;
  #isOver = false;
  #wake = () => {};

  constructor(body: Readable, maxBytes: number, hold: (bytes: number) => void) {
    this.#body = body;
    this.#maxBytes = maxBytes;
    this.#hold = hold;
    // A body of nothing, or a client, may be gone before somebody listens.
    if (body.readableEnded) this.#end();
    else if (body.destroyed) this.#leave();
    else body.on("data", this.#take).once("end", this.#end).once("close", this.#leave);
  }

  async next(): Promise<IteratorResult<Envelope, undefined>> {
    for (;;) {
      const value = this.#ready.shift();
      if (value) return { done: false, value };
      if (this.#failure) throw this.#failure;
      if (this.#isOver) return { done: true, value: undefined };
      this.#body.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Whoever reads is done with it. */
  stop(): void {
    this.#ready = [];
    this.#finish(undefined);
  }

  readonly #end = (): void => this.#finish(this.#restBytes > 0 ? incomplete() : undefined);

  readonly #leave = (): void => {
    if (!this.#isOver) this.#finish(platformErrors.CANCELLED());
  };

  readonly #take = (chunk: Buffer): void => {
    try {
      this.#hold(chunk.length);
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      if (this.#restBytes >= this.#needs) this.#cut();
    } catch (error) {
      this.#finish(error);
    }
    if (this.#ready.length > 0) this.#body.pause();
    this.#wake();
  };

  #cut(): void {
    const bytes = this.#rest.length === 1 && this.#rest[0] ? this.#rest[0] : Buffer.concat(this.#rest);
    let at = 0;
    for (;;) {
      const envelope = envelopeAt(bytes, at, this.#maxBytes);
      if (!envelope) break;
      this.#ready.push(envelope);
      at += envelopeBytes + envelope.data.length;
    }
    this.#hold(-at);
    this.#rest = [bytes.subarray(at)];
    this.#restBytes = bytes.length - at;
    this.#needs = envelopeBytes + (this.#restBytes >= envelopeBytes ? bytes.readUInt32BE(at + 1) : 0);
  }

  #finish(failure: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#body.off("data", this.#take);
    this.#hold(-this.#restBytes);
    this.#rest = [];
    this.#wake();
  }
}

function incomplete(): ConnectError {
  return new ConnectError("incomplete message", Code.InvalidArgument);
}
