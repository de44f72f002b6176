import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { mergeNonProtocolHeaders } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJsonBytes,
  parseTimeout,
  trailerMux,
} from "@connectrpc/connect/protocol-connect";
import { platformErrors } from "../errors.ts";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import {
  acceptedEncodings,
  type Compressions,
  compressFromBytes,
  decompress,
  negotiateCompressions,
} from "./compressions.ts";
import { toNodeHeaders } from "./enveloped-protocol.ts";
import { gatherBody, tooLarge } from "./gather-body.ts";
import type { Codec, Metadata, ReadLimits, Wire } from "./wire.ts";

const contentTypes = { binary: contentTypeUnaryProto, json: contentTypeUnaryJson } as const;

/** Connect, unary: the body is the message (https://connectrpc.com/docs/protocol#unary-rpcs). */
export class ConnectUnaryWire implements Wire {
  readonly protocolName = "connect";
  readonly codec: Codec;
  readonly timeoutMs: number | undefined;
  readonly error: ConnectError | undefined;
  protected readonly exchange: Exchange;
  readonly #compressions: Compressions;

  constructor(exchange: Exchange, codec: Codec, maxTimeoutMs: number, compressions = negotiate(exchange)) {
    this.exchange = exchange;
    this.codec = codec;
    this.#compressions = compressions;
    const timeout = parseTimeout(headerOf(exchange, "connect-timeout-ms") ?? null, maxTimeoutMs);
    if (!timeout.error) this.timeoutMs = timeout.timeoutMs;
    this.error = compressions.error ?? timeout.error;
  }

  async readOne(limits: ReadLimits): Promise<Uint8Array> {
    const { maxMessageBytes } = limits;
    if (Number(this.exchange.headers["content-length"] ?? 0) > maxMessageBytes) throw tooLarge(maxMessageBytes);
    return await this.opened(await gatherBody(this.exchange.body, maxMessageBytes, limits), maxMessageBytes);
  }

  readEach(): AsyncIterableIterator<Uint8Array> {
    throw platformErrors.UNKNOWN_METHOD();
  }

  async answer(message: Uint8Array, { header, trailer }: Metadata): Promise<void> {
    const head: OutgoingHttpHeaders = header || trailer ? muxed(header, trailer) : {};
    head["content-type"] = contentTypes[this.codec];
    const { response } = this.#compressions;
    let body = message;
    if (response && message.length >= compressFromBytes) {
      body = await response.compress(message);
      head["content-encoding"] = response.name;
    }
    this.tell(200, head, body);
  }

  async send(): Promise<void> {
    throw platformErrors.UNKNOWN_METHOD();
  }

  end(): void {
    throw platformErrors.UNKNOWN_METHOD();
  }

  fail(error: ConnectError, { header, trailer }: Metadata): void {
    const headers = new Headers(header);
    // What an error brings from another server stays here; its own is told.
    if (!error.isWireError) mergeNonProtocolHeaders(headers, error.metadata);
    const head: OutgoingHttpHeaders = muxed(headers, trailer);
    head["content-type"] = contentTypeUnaryJson;
    if (this.#compressions.error) head["accept-encoding"] = acceptedEncodings;
    this.tell(codeToHttpStatus(error.code), head, errorToJsonBytes(error, undefined));
  }

  protected tell(status: number, head: OutgoingHttpHeaders, body: Uint8Array): void {
    head["content-length"] = body.length;
    this.exchange.answer(status, head, body);
  }

  protected async opened(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const { request } = this.#compressions;
    return request ? await decompress(request, body, maxBytes) : body;
  }
}

function negotiate(exchange: Exchange): Compressions {
  return negotiateCompressions(exchange, "content-encoding", "accept-encoding");
}

/** Trailers are headers with a prefix (https://connectrpc.com/docs/protocol#unary-response). */
function muxed(header = new Headers(), trailer = new Headers()): OutgoingHttpHeaders {
  return toNodeHeaders(trailerMux(header, trailer));
}
