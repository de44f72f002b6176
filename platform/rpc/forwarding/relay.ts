import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Stream, constants, type IncomingHttpStatusHeader } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { EnvelopedProtocol } from "../protocols/enveloped-protocol.ts";
import { mediaOf } from "../protocols/open-wire.ts";
import { EnvelopeEnds } from "./envelope-ends.ts";
import { passedAnswer } from "./passed-headers.ts";

/**
 * Passes the body of a request to another process and its answer back, as they are and no faster than the other side
 * takes them.
 */
export class Relay {
  /** Resolves once the answer is passed on; rejects with PEER_UNREACHABLE where the other process went away before. */
  readonly done: Promise<void>;
  readonly #exchange: Exchange;
  readonly #upstream: ClientHttp2Stream;
  #isBegun = false;
  #isAnswered = false;
  /** Of an answer in envelopes; undefined where the body is the message. */
  #protocol: EnvelopedProtocol | undefined;
  readonly #ends = new EnvelopeEnds();
  #trailers: IncomingHttpHeaders | undefined;

  constructor(exchange: Exchange, upstream: ClientHttp2Stream) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.done = new Promise((resolve, reject) => {
      // What fails ends with `close`, too.
      upstream.on("error", ignore);
      upstream.once("close", () => {
        if (this.#isAnswered) resolve();
        else reject(platformErrors.PEER_UNREACHABLE());
      });
      upstream.once("end", () => {
        this.#finish();
        if (this.#isAnswered) resolve();
      });
    });
    upstream.once("response", this.#begin);
    upstream.once("trailers", this.#keepTrailers);
    upstream.on("data", this.#passAnswer);
    if (!upstream.writableEnded) this.#passRequest();
  }

  /**
   * Gives the call up. An answer that has begun is ended with the error where its protocol lets it, else cut off: its
   * client sees that it is not whole. One that has not is left to be told.
   */
  fail(error: unknown): void {
    this.#upstream.close(constants.NGHTTP2_CANCEL);
    if (!this.#isBegun || this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.#protocol || !this.#ends.isAtEnd) {
      this.#exchange.destroy();
      return;
    }
    const { body, trailers } = this.#protocol.ending(undefined, ConnectError.from(error));
    this.#exchange.end(body, trailers);
  }

  #passRequest(): void {
    const [{ body }, upstream] = [this.#exchange, this.#upstream];
    body.on("data", (chunk: Buffer) => {
      if (!upstream.writable || upstream.write(chunk)) return;
      body.pause();
      upstream.once("drain", () => body.resume());
    });
    body.once("end", () => upstream.end());
    upstream.once("close", () => body.resume());
  }

  readonly #begin = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number): void => {
    const [status, head] = [headers[":status"] ?? 502, passedAnswer(headers)];
    this.#isBegun = true;
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      this.#isAnswered = true;
      this.#exchange.answer(status, head);
      return;
    }
    const protocol = mediaOf(headers["content-type"])?.protocol;
    if (protocol !== "connect unary") this.#protocol = protocol;
    this.#exchange.respond(status, head, this.#protocol?.hasTrailers);
  };

  readonly #keepTrailers = (trailers: IncomingHttpHeaders): void => {
    this.#trailers = trailers;
  };

  readonly #passAnswer = (chunk: Buffer): void => {
    if (this.#protocol) this.#ends.pass(chunk);
    if (this.#exchange.write(chunk)) return;
    this.#upstream.pause();
    this.#exchange.onDrain(() => this.#upstream.resume());
  };

  /** A stream that was broken off ends, too. */
  #finish(): void {
    if (this.#isAnswered || this.#upstream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    this.#isAnswered = true;
    this.#exchange.end(undefined, this.#trailers);
  }
}

function ignore(): void {}
