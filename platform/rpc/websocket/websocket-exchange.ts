import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { endStreamFlag } from "@connectrpc/connect/protocol-connect";
import { WebSocket } from "ws";
import type { Exchange } from "../exchange/exchange.ts";
import { envelop } from "../protocols/envelopes.ts";
import { closeCodeOf, closeCodes } from "./close-codes.ts";
import { MessageBody } from "./message-body.ts";
import { maxUnsentBytes } from "./websocket-limits.ts";
import type { WebSocketRequest } from "./websocket-request.ts";
import { WholeEnvelopes } from "./whole-envelopes.ts";

/** By this message a client ends what it says. */
const clientsEnd = envelop(endStreamFlag, new Uint8Array());

/** Headers of an answer that tell nothing here: the subprotocol did, or nobody asks. */
const untold: ReadonlySet<string> = new Set(["content-type", "date"]);

const asBinary = { binary: true, compress: false };

/** A call over a WebSocket: the bodies of request and answer travel as binary messages. */
export class WebSocketExchange implements Exchange {
  readonly method = "POST";
  readonly commonHeaders: OutgoingHttpHeaders = {};
  readonly body: MessageBody;
  readonly #webSocket: WebSocket;
  readonly #connection: Socket;
  readonly #request: WebSocketRequest;
  readonly #isStopping: () => boolean;
  readonly #whole = new WholeEnvelopes();
  #isBegun = false;
  /** Whether the client said all it has to say. */
  #hasEnded = false;

  constructor(webSocket: WebSocket, connection: Socket, request: WebSocketRequest, isStopping: () => boolean) {
    this.#webSocket = webSocket;
    this.#connection = connection;
    this.#request = request;
    this.#isStopping = isStopping;
    this.body = new MessageBody(webSocket);
    webSocket.on("message", this.#take);
    webSocket.once("close", () => this.body.destroy());
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get isSecure(): boolean {
    return this.#request.isSecure;
  }

  get clientAddress(): string {
    return this.#request.clientAddress;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN;
  }

  get unsentBytes(): number {
    return this.#connection.writableLength;
  }

  onOver(listener: () => void): void {
    if (this.#webSocket.readyState === WebSocket.CLOSED) listener();
    else this.#webSocket.once("close", listener);
  }

  /** Headers are told, as text before the first binary message, where there is more to say than the subprotocol did. */
  respond(status: number, headers: OutgoingHttpHeaders): void {
    if (!this.isOpen || this.#isBegun) return;
    this.#isBegun = true;
    const told = Object.entries(headers).filter(([name]) => !untold.has(name));
    if (status !== 200) this.#close(closeCodeOf(status));
    else if (told.length > 0) this.#webSocket.send(JSON.stringify(Object.fromEntries(told)));
  }

  write(bytes: Uint8Array): boolean {
    if (!this.isOpen) return true;
    this.#send(bytes);
    if (this.unsentBytes > maxUnsentBytes) this.#webSocket.terminate();
    return !this.#connection.writableNeedDrain;
  }

  /** They are few: those that a browser can set. */
  forgetHeaders(): void {}

  onDrain(listener: () => void): void {
    this.#connection.once("drain", listener);
  }

  end(bytes?: Uint8Array): void {
    if (!this.isOpen) return;
    if (bytes) this.#send(bytes);
    this.#close(this.#isStopping() ? closeCodes.goingAway : closeCodes.ended);
  }

  answer(status: number, headers: OutgoingHttpHeaders, body?: Uint8Array): void {
    this.respond(status, headers);
    this.end(body);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  readonly #take = (data: Buffer, isBinary: boolean): void => {
    if (!this.isOpen) return;
    if (!isBinary) this.#close(closeCodes.wrongKind, "messages after the first are binary");
    else if (this.#hasEnded) this.#close(closeCodes.refused, "nothing may follow the end");
    else if (!data.equals(clientsEnd)) this.body.feed(data);
    else {
      this.#hasEnded = true;
      this.body.finish();
    }
  };

  #send(bytes: Uint8Array): void {
    const message = this.#whole.take(bytes);
    if (message) this.#webSocket.send(message, asBinary);
  }

  #close(code: number, reason?: string): void {
    this.#webSocket.close(code, reason);
    this.body.destroy();
  }
}
