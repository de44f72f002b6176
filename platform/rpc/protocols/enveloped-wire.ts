import type { OutgoingHttpHeaders } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { compressedFlag } from "@connectrpc/connect/protocol";
import { platformErrors } from "../errors.ts";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import {
  acceptedEncodings,
  type Compressions,
  compressFromBytes,
  decompress,
  negotiateCompressions,
} from "./compressions.ts";
import { type EnvelopedProtocol, toNodeHeaders } from "./enveloped-protocol.ts";
import { type Envelope, envelop, envelopeBytes, onlyEnvelope, readEnvelopes } from "./envelopes.ts";
import { gatherBody } from "./gather-body.ts";
import type { Codec, Metadata, ReadLimits, Wire } from "./wire.ts";

/** A call of which each message stands in an envelope: gRPC, gRPC-Web and Connect's streams. */
export class EnvelopedWire implements Wire {
  readonly codec: Codec;
  readonly timeoutMs: number | undefined;
  readonly error: ConnectError | undefined;
  readonly exchange: Exchange;
  readonly #protocol: EnvelopedProtocol;
  readonly #compressions: Compressions;
  #isBegun = false;

  constructor(exchange: Exchange, protocol: EnvelopedProtocol, codec: Codec, maxTimeoutMs: number) {
    const { encodingHeader, acceptEncodingHeader, timeoutHeader, parseTimeout } = protocol;
    this.exchange = exchange;
    this.codec = codec;
    this.#protocol = protocol;
    this.#compressions = negotiateCompressions(exchange, encodingHeader, acceptEncodingHeader);
    const timeout = parseTimeout(headerOf(exchange, timeoutHeader) ?? null, maxTimeoutMs);
    if (!timeout.error) this.timeoutMs = timeout.timeoutMs;
    this.error = this.#compressions.error ?? timeout.error;
  }

  get protocolName(): Wire["protocolName"] {
    return this.#protocol.name;
  }

  /** Whether the client takes envelopes that are compressed by gzip. */
  get takesGzip(): boolean {
    return this.#compressions.response?.name === "gzip";
  }

  async readOne(limits: ReadLimits): Promise<Uint8Array> {
    const body = await gatherBody(this.exchange.body, envelopeBytes + limits.maxMessageBytes, limits);
    const envelope = onlyEnvelope(body, limits.maxMessageBytes);
    return envelope.flags === 0 ? envelope.data : await this.#open(envelope, limits.maxMessageBytes);
  }

  async *readEach(limits: ReadLimits): AsyncIterableIterator<Uint8Array> {
    for await (const envelope of readEnvelopes(this.exchange.body, limits)) {
      yield envelope.flags === 0 ? envelope.data : await this.#open(envelope, limits.maxMessageBytes);
    }
  }

  async answer(message: Uint8Array, metadata: Metadata): Promise<void> {
    const last = message.length < compressFromBytes ? envelop(0, message) : await this.#close(message);
    this.#finish(metadata, last);
  }

  async send(message: Uint8Array, metadata: Metadata): Promise<void> {
    const bytes = message.length < compressFromBytes ? envelop(0, message) : await this.#close(message);
    this.begin(metadata);
    if (this.exchange.write(bytes)) return;
    await new Promise<void>((resolve) => this.exchange.onDrain(resolve));
  }

  end(metadata: Metadata): void {
    this.begin(metadata);
    this.#finish(metadata);
  }

  fail(error: ConnectError, metadata: Metadata): void {
    this.#finish(metadata, undefined, error);
  }

  /** Sends the head of the answer, once. */
  begin(metadata: Metadata): void {
    if (this.#isBegun) return;
    this.exchange.respond(200, this.#head(metadata), this.#protocol.hasTrailers);
    this.#isBegun = true;
  }

  #finish(metadata: Metadata, last?: Uint8Array, error?: ConnectError): void {
    const { body, trailers } = this.#protocol.ending(metadata.trailer, error);
    const isAlone = !this.#isBegun && !last && !metadata.header;
    if (trailers && isAlone) {
      // A failure before anything else is one block of headers ("Trailers-Only" in the gRPC specification).
      this.exchange.answer(200, { ...this.#head(metadata), ...trailers });
      return;
    }
    this.begin(metadata);
    this.exchange.end(last && body ? Buffer.concat([last, body]) : (last ?? body), trailers);
  }

  #head({ header }: Metadata): OutgoingHttpHeaders {
    const { contentTypes, encodingHeader, acceptEncodingHeader } = this.#protocol;
    const { response, error } = this.#compressions;
    const head: OutgoingHttpHeaders = { "content-type": contentTypes[this.codec] };
    if (response) head[encodingHeader] = response.name;
    if (error) head[acceptEncodingHeader] = acceptedEncodings;
    return header ? { ...toNodeHeaders(header), ...head } : head;
  }

  async #open({ flags, data }: Envelope, maxBytes: number): Promise<Uint8Array> {
    if (flags !== compressedFlag) throw new ConnectError(`unexpected flags ${flags}`, Code.InvalidArgument);
    const { request } = this.#compressions;
    if (!request) throw platformErrors.INTERNAL({ message: "a message is compressed, but no encoding is named" });
    return await decompress(request, data, maxBytes);
  }

  async #close(message: Uint8Array): Promise<Uint8Array> {
    const { response } = this.#compressions;
    return response ? envelop(compressedFlag, await response.compress(message)) : envelop(0, message);
  }
}
