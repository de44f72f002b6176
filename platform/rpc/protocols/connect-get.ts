import type { OutgoingHttpHeaders } from "node:http";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { platformErrors } from "../errors.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { negotiateCompressions } from "./compressions.ts";
import { ConnectUnaryWire } from "./connect-unary.ts";
import { tooLarge } from "./gather-body.ts";
import type { Codec, ReadLimits } from "./wire.ts";

/** Connect, unary by GET: the query holds the message (https://connectrpc.com/docs/protocol#unary-get-request). */
export class ConnectGetWire extends ConnectUnaryWire {
  readonly #query: URLSearchParams;

  constructor(exchange: Exchange, codec: Codec, query: URLSearchParams, maxTimeoutMs: number) {
    const headers = { ...exchange.headers, "content-encoding": query.get("compression") ?? undefined };
    super(exchange, codec, maxTimeoutMs, negotiateCompressions({ headers }, "content-encoding", "accept-encoding"));
    this.#query = query;
  }

  override async readOne({ maxMessageBytes }: ReadLimits): Promise<Uint8Array> {
    const text = this.#query.get("message") ?? "";
    const bytes = this.#query.get("base64") === "1" ? fromBase64(text) : new TextEncoder().encode(text);
    if (bytes.length > maxMessageBytes) throw tooLarge(maxMessageBytes);
    return await this.opened(bytes, maxMessageBytes);
  }

  /** What a GET answers is the caller's alone. */
  protected override tell(status: number, head: OutgoingHttpHeaders, body: Uint8Array): void {
    super.tell(status, { "cache-control": "private, no-store", ...head }, body);
  }
}

function fromBase64(text: string): Uint8Array {
  try {
    return base64Decode(text);
  } catch (cause) {
    throw platformErrors.INVALID_ARGUMENT({ message: "message is not base64", cause });
  }
}

/** The codec that the query names, or undefined where it names none that there is. */
export function codecOf(query: URLSearchParams): Codec | undefined {
  const encoding = query.get("encoding");
  return encoding === "proto" ? "binary" : encoding === "json" ? "json" : undefined;
}
