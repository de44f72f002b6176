import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { AddressOf, Exchange } from "./exchange.ts";

/** A request of an HTTP/1.1 connection (RFC 9112). */
export class Http1Exchange implements Exchange {
  readonly commonHeaders: OutgoingHttpHeaders = {};
  readonly body: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #addressOf: AddressOf;

  constructor(request: IncomingMessage, response: ServerResponse, addressOf: AddressOf) {
    this.body = request;
    this.#response = response;
    this.#addressOf = addressOf;
    // What fails ends with `close`, too.
    request.on("error", ignore);
    response.on("error", ignore);
  }

  get method(): string {
    return this.body.method ?? "";
  }

  get url(): string {
    return this.body.url ?? "";
  }

  get headers(): IncomingHttpHeaders {
    return this.body.headers;
  }

  get isSecure(): boolean {
    return (this.body.socket as TLSSocket).encrypted ?? false;
  }

  get clientAddress(): string {
    return this.#addressOf(this.body.socket.remoteAddress ?? "", this.headers);
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed && !this.#response.closed;
  }

  get unsentBytes(): number {
    return this.#response.writableLength;
  }

  onOver(listener: () => void): void {
    if (this.#response.closed || this.#response.destroyed) listener();
    else this.#response.once("close", listener);
  }

  respond(status: number, headers: OutgoingHttpHeaders): void {
    if (!this.isOpen || this.#response.headersSent) return;
    this.#response.writeHead(status, { ...this.commonHeaders, ...headers });
  }

  write(bytes: Uint8Array): boolean {
    return this.isOpen ? this.#response.write(bytes) : true;
  }

  onDrain(listener: () => void): void {
    this.#response.once("drain", listener);
  }

  /** The request of Node holds them. */
  forgetHeaders(): void {}

  /** Trailers are sent where the body is chunked (RFC 9112, section 7.1.2). */
  end(bytes?: Uint8Array, trailers?: OutgoingHttpHeaders): void {
    if (!this.isOpen) return;
    if (trailers) this.#response.addTrailers(trailers);
    if (bytes) this.#response.end(bytes);
    else this.#response.end();
    // What nobody reads any more would hold up the next request. Of a request that nobody read, Node lets go by itself.
    if (!this.body.readableEnded) this.body.resume();
  }

  answer(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array): void {
    if (!this.isOpen || this.#response.headersSent) return;
    // An answer that never has a body has no length either (RFC 9110, section 8.6).
    const length = status === 204 ? {} : { "content-length": body?.length ?? 0 };
    this.respond(status, { ...length, ...headers });
    this.end(this.method === "HEAD" ? undefined : body);
  }

  destroy(): void {
    this.#response.destroy();
  }
}

function ignore(): void {}
