import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Stream, constants, type IncomingHttpStatusHeader } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { EnvelopedProtocol } from "../protocols/enveloped-protocol.ts";
import { mediaOf } from "../protocols/open-wire.ts";
import { EnvelopeEnds } from "./envelope-ends.ts";
import { passedAnswer } from "./passed-headers.ts";

/** Most bytes of the one message of an answer that wait for its end, so that they are written with it. */
export const maxHeldBytes = 64 * 1024;

/**
 * Passes the answer of another process back, as it is and no faster than the client takes it. The one message of a unary
 * call is written at once, a stream as it comes.
 */
export class Relay {
  /** Resolves once the answer is passed on; rejects with PEER_UNREACHABLE where the other process went away before. */
  readonly done: Promise<void>;
  readonly #exchange: Exchange;
  readonly #upstream: ClientHttp2Stream;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #isBegun = false;
  #isAnswered = false;
  /** Of an answer in envelopes; undefined where the body is the message. */
  #protocol: EnvelopedProtocol | undefined;
  readonly #ends = new EnvelopeEnds();
  /** What waits for the end; undefined where nothing does. */
  #held: Buffer[] | undefined;
  #heldBytes = 0;
  #trailers: IncomingHttpHeaders | undefined;
  #resolve = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(exchange: Exchange, upstream: ClientHttp2Stream, isUnary: boolean) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#held = isUnary ? [] : undefined;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    upstream.on("response", this.#begin);
    upstream.on("trailers", this.#keepTrailers);
    upstream.on("data", this.#pass);
    upstream.on("end", this.#finish);
    upstream.on("close", this.#closed);
    // What fails ends with `close`, too.
    upstream.on("error", ignore);
  }

  /** Whether the other process said that it has not looked at the call (RFC 9113, section 8.7). */
  get wasRefused(): boolean {
    return this.#status === 0 && this.#upstream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  /** Whether its connection was lost before an answer came: what became of the call is unknown. */
  get wasLost(): boolean {
    return this.#status === 0 && this.#upstream.session?.destroyed !== false;
  }

  /**
   * Ends an answer that has begun: with the error where its protocol lets it, else cut off, so that its client sees that
   * it is not whole. One that has not begun is left to be told.
   */
  fail(error: unknown): void {
    if (!this.#isBegun || this.#isAnswered) {
      this.#isAnswered = true;
      return;
    }
    this.#isAnswered = true;
    if (!this.#protocol || !this.#ends.isAtEnd) {
      this.#exchange.destroy();
      return;
    }
    const { body, trailers } = this.#protocol.ending(undefined, ConnectError.from(error));
    this.#exchange.end(body, trailers);
  }

  readonly #begin = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number): void => {
    this.#status = headers[":status"] ?? 502;
    this.#headers = headers;
    const protocol = mediaOf(headers["content-type"])?.protocol;
    if (protocol !== "connect unary") this.#protocol = protocol;
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) === 0 && !this.#held) this.#respond();
  };

  #respond(): void {
    this.#isBegun = true;
    this.#exchange.respond(this.#status, passedAnswer(this.#headers), this.#protocol?.hasTrailers);
  }

  readonly #keepTrailers = (trailers: IncomingHttpHeaders): void => {
    this.#trailers = trailers;
  };

  readonly #pass = (chunk: Buffer): void => {
    if (this.#isAnswered) return;
    if (!this.#held) {
      this.#write(chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > maxHeldBytes) this.#letGo(this.#held);
  };

  #letGo(held: readonly Buffer[]): void {
    this.#held = undefined;
    this.#respond();
    for (const chunk of held) this.#write(chunk);
  }

  #write(chunk: Buffer): void {
    this.#ends.pass(chunk);
    if (this.#exchange.write(chunk)) return;
    this.#upstream.pause();
    this.#exchange.onDrain(() => this.#upstream.resume());
  }

  /** A stream that was broken off ends, too. */
  readonly #finish = (): void => {
    if (this.#isAnswered || this.#status === 0 || this.#upstream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    this.#isAnswered = true;
    const body = this.#held && joined(this.#held);
    if (this.#isBegun) this.#exchange.end(undefined, this.#trailers);
    else if (!this.#trailers) this.#exchange.answer(this.#status, passedAnswer(this.#headers), body);
    else {
      this.#respond();
      this.#exchange.end(body, this.#trailers);
    }
    this.#resolve();
  };

  readonly #closed = (): void => {
    if (!this.#isAnswered) this.#reject(platformErrors.PEER_UNREACHABLE());
  };
}

function joined(chunks: readonly Buffer[]): Buffer | undefined {
  return chunks.length < 2 ? chunks[0] : Buffer.concat(chunks);
}

function ignore(): void {}
