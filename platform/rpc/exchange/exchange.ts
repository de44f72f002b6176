import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/**
 * One request and its answer, whichever version of HTTP they come by. The answer is told once: either `answer`, or
 * `respond`, any number of `write` and `end`. After the exchange is over (the answer went out, or the client is gone)
 * everything that is told is dropped in silence.
 */
export interface Exchange {
  readonly method: string;
  /** Path and query, as the client wrote them. */
  readonly url: string;
  /** By names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /** IP address of the client; the proxies that stand between are told by the configuration. */
  readonly clientAddress: string;
  /** The request's body. Nothing is read, beyond what the client's window allows, until somebody listens. */
  readonly body: Readable;
  /** Headers of every answer, whoever gives it. */
  readonly commonHeaders: OutgoingHttpHeaders;
  /** Whether the client can still be told something. */
  readonly isOpen: boolean;

  /** Called once, when the exchange is over; at once where it is. */
  onOver(listener: () => void): void;
  /** Begins the answer. Trailers, if there are to be some, are announced here and given to `end`. */
  respond(status: number, headers: OutgoingHttpHeaders, withTrailers?: boolean): void;
  /** False where the client is behind: `onDrain` is called once it has caught up. Bytes are taken in any case. */
  write(bytes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** Bytes that were written and not yet handed to the connection. */
  readonly unsentBytes: number;
  /** Lets go of the headers, `method` and `url`, where that frees memory: an answer may last for days. */
  forgetHeaders(): void;
  /** Ends the answer. What the client still sends is not waited for. */
  end(bytes?: Uint8Array, trailers?: OutgoingHttpHeaders): void;
  /** A whole answer. To HEAD, the body is left out. */
  answer(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array): void;
  /** Cuts the exchange: the client sees that the answer is not whole. */
  destroy(): void;
}

/** The client's address, given that of the connection's other end and what the request says of proxies between. */
export type AddressOf = (connection: string, headers: Readonly<IncomingHttpHeaders>) => string;

/** Path of a request, without its query. */
export function pathOf({ url }: Pick<Exchange, "url">): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

/** The one value of a header; several lines of it are joined, as HTTP allows (RFC 9110, section 5.3). */
export function headerOf({ headers }: Pick<Exchange, "headers">, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}
