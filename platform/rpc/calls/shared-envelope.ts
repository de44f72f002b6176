import { gzipSync } from "node:zlib";
import { compressedFlag } from "@connectrpc/connect/protocol";
import { compressFromBytes } from "../protocols/compressions.ts";
import { envelop, envelopeBytes } from "../protocols/envelopes.ts";
import type { Codec } from "../protocols/wire.ts";
import type { Sink } from "./sink.ts";

/** How a sink takes its messages: encoded in one of two ways, and compressed where that is worth it or not at all. */
export type Form = "binary" | "json" | "binary, gzip" | "json, gzip";

export function formOf({ codec, takesGzip }: Pick<Sink, "codec" | "takesGzip">): Form {
  return takesGzip ? `${codec}, gzip` : codec;
}

/** The cheapest: all streams wait meanwhile. */
const level = 1;

/**
 * A message in its envelope, for any number of streams: each form is made once, when the first stream asks for it, and
 * is the same buffer for all of them.
 */
export class SharedEnvelope {
  readonly #encode: (codec: Codec) => Uint8Array;
  readonly #made: Partial<Record<Form, Buffer>> = {};

  constructor(encode: (codec: Codec) => Uint8Array) {
    this.#encode = encode;
  }

  in(form: Form): Buffer {
    this.#made[form] ??= this.#make(form);
    return this.#made[form];
  }

  #make(form: Form): Buffer {
    switch (form) {
      case "binary":
      case "json":
        return envelop(0, this.#encode(form));
      case "binary, gzip":
        return zipped(this.in("binary"));
      case "json, gzip":
        return zipped(this.in("json"));
    }
  }
}

function zipped(envelope: Buffer): Buffer {
  if (envelope.length < envelopeBytes + compressFromBytes) return envelope;
  return envelop(compressedFlag, gzipSync(envelope.subarray(envelopeBytes), { level }));
}
