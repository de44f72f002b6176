import type { OutgoingHttpHeaders } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import type { AddressOf, Exchange } from "./exchange.ts";

/** How long after the end of an answer the rest of the request is refused: meanwhile, most of them end. */
const restMs = 200;

/** A stream of an HTTP/2 connection (RFC 9113, section 8.1). */
export class Http2Exchange implements Exchange {
  headers: IncomingHttpHeaders;
  readonly body: ServerHttp2Stream;
  #commonHeaders: OutgoingHttpHeaders | undefined;
  readonly #addressOf: AddressOf;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, addressOf: AddressOf) {
    this.body = stream;
    this.headers = headers;
    this.#addressOf = addressOf;
    // What fails ends with `close`, too.
    stream.on("error", ignore);
    // As Node does over HTTP/1.1 (RFC 9110, section 10.1.1).
    if (headers.expect === "100-continue" && !stream.destroyed) stream.additionalHeaders({ ":status": 100 });
  }

  get method(): string {
    return this.headers[":method"] ?? "";
  }

  get url(): string {
    return this.headers[":path"] ?? "";
  }

  get isSecure(): boolean {
    return (this.body.session?.socket as TLSSocket | undefined)?.encrypted ?? false;
  }

  get clientAddress(): string {
    return this.#addressOf(this.body.session?.socket.remoteAddress ?? "", this.headers);
  }

  get commonHeaders(): OutgoingHttpHeaders {
    this.#commonHeaders ??= {};
    return this.#commonHeaders;
  }

  get isOpen(): boolean {
    return !this.body.destroyed && !this.body.closed && !this.body.writableEnded;
  }

  /** To HEAD, Node ends what may be written before anything was. */
  get #takesHead(): boolean {
    return !this.body.destroyed && !this.body.closed && !this.body.headersSent;
  }

  get unsentBytes(): number {
    return this.body.writableLength;
  }

  onOver(listener: () => void): void {
    if (this.body.closed || this.body.destroyed) listener();
    else this.body.on("close", listener);
  }

  respond(status: number, headers: OutgoingHttpHeaders, withTrailers = false): void {
    if (!this.#takesHead) return;
    this.body.respond(this.#head(status, headers), withTrailers ? trailersToCome : undefined);
  }

  write(bytes: Uint8Array): boolean {
    // A stream that is closed is not writable, which is quicker to learn: this is what every delivery does.
    return this.body.writable ? this.body.write(bytes) : true;
  }

  onDrain(listener: () => void): void {
    this.body.once("drain", listener);
  }

  forgetHeaders(): void {
    this.headers = none;
  }

  end(bytes?: Uint8Array, trailers?: OutgoingHttpHeaders): void {
    const stream = this.body;
    if (!this.isOpen) return;
    if (trailers) stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    if (bytes) stream.end(bytes);
    else stream.end();
    this.#leaveRest(trailers !== undefined);
  }

  answer(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array): void {
    if (!this.#takesHead) return;
    if (!body || this.method === "HEAD") {
      this.body.respond(this.#head(status, headers), { endStream: true });
      this.#leaveRest();
      return;
    }
    this.body.respond(this.#head(status, headers));
    this.end(body);
  }

  destroy(): void {
    this.body.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  #head(status: number, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    return { ":status": status, ...this.#commonHeaders, ...headers };
  }

  /** Once a call is answered, what its caller still sends is not waited for (RFC 9113, section 8.1). */
  #leaveRest(hasTrailers = false): void {
    const stream = this.body;
    if (stream.readableEnded) return;
    stream.resume();
    const close = () => {
      const timer = coarseTimers.after(restMs, () => stream.close(constants.NGHTTP2_NO_ERROR));
      stream.once("close", () => timer.cancel());
    };
    // A client may be long in taking an answer, and of a stream that is closed Node sends no trailers.
    if (hasTrailers) stream.once("wantTrailers", close);
    else if (stream.writableFinished) close();
    else stream.once("finish", close);
  }
}

const trailersToCome = { waitForTrailers: true };

const none: IncomingHttpHeaders = Object.freeze({});

function ignore(): void {}
