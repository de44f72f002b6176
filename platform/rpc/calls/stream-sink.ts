import { platformErrors } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { EnvelopedWire } from "../protocols/enveloped-wire.ts";
import type { Codec, Wire } from "../protocols/wire.ts";
import type { CallContext } from "./call-context.ts";
import type { Sink } from "./sink.ts";

/** Writes to the answer of a streaming call. */
export class StreamSink implements Sink {
  readonly #wire: EnvelopedWire;
  readonly #exchange: Exchange;
  readonly #context: CallContext;
  #isBegun = false;

  constructor(wire: Wire, context: CallContext) {
    if (!(wire instanceof EnvelopedWire)) throw platformErrors.UNKNOWN_METHOD();
    this.#wire = wire;
    this.#exchange = wire.exchange;
    this.#context = context;
  }

  get codec(): Codec {
    return this.#wire.codec;
  }

  get takesGzip(): boolean {
    return this.#wire.takesGzip;
  }

  get unsentBytes(): number {
    return this.#exchange.unsentBytes;
  }

  write(envelopes: Uint8Array): boolean {
    if (!this.#isBegun) this.#begin();
    return this.#exchange.write(envelopes);
  }

  #begin(): void {
    this.#isBegun = true;
    this.#wire.begin(this.#context.metadata);
    this.#exchange.forgetHeaders();
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener);
  }

  onOver(listener: () => void): void {
    this.#context.onOver(listener);
  }
}
