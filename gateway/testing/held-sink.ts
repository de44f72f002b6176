import { gunzipSync } from "node:zlib";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { type Frame, FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Sink } from "#platform/rpc/calls/sink.ts";
import type { Codec } from "#platform/rpc/protocols/wire.ts";

const envelopeBytes = 5;

/** A sink that keeps what is written to it, and says that its client is behind for as long as it is told to. */
export class HeldSink implements Sink {
  readonly codec: Codec;
  readonly takesGzip: boolean;
  readonly buffers: Buffer[] = [];
  isBehind = false;
  #onDrain = () => {};
  #onOver = () => {};

  constructor(codec: Codec = "binary", takesGzip = false) {
    this.codec = codec;
    this.takesGzip = takesGzip;
  }

  get unsentBytes(): number {
    return this.isBehind ? this.bytes : 0;
  }

  get bytes(): number {
    return this.buffers.reduce((sum, { length }) => sum + length, 0);
  }

  write(envelopes: Uint8Array): boolean {
    this.buffers.push(envelopes as Buffer);
    return !this.isBehind;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onOver(listener: () => void): void {
    this.#onOver = listener;
  }

  drain(): void {
    this.isBehind = false;
    this.#onDrain();
  }

  /** The client goes away. */
  leave(): void {
    this.#onOver();
  }

  /** What was written since the last time. */
  takeFrames(): Frame[] {
    const frames: Frame[] = [];
    const written = Buffer.concat(this.buffers.splice(0));
    for (let at = 0; at < written.length; ) {
      const end = at + envelopeBytes + written.readUInt32BE(at + 1);
      const sent = written.subarray(at + envelopeBytes, end);
      const data = written[at] === 1 ? gunzipSync(sent) : sent;
      frames.push(
        this.codec === "binary" ? fromBinary(FrameSchema, data) : fromJsonString(FrameSchema, data.toString()),
      );
      at = end;
    }
    return frames;
  }
}
