import type { DescField } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import { onlyEnvelope } from "../protocols/envelopes.ts";
import { mediaOf } from "../protocols/open-wire.ts";

/**
 * A string of a unary request, read off its bytes alone. It is a hint: undefined where it would take more to find it (in
 * JSON, compressed) or nothing is there, and what is wrong with the request is left to whoever answers it. Never throws.
 */
export function readRequestField(
  { number }: DescField,
  exchange: Pick<Exchange, "headers">,
  body: Buffer,
): string | undefined {
  try {
    const message = plainMessage(exchange, body);
    return message && stringIn(message, number);
  } catch {
    return undefined;
  }
}

/** The one message of a body, where it is binary and not compressed. */
function plainMessage(exchange: Pick<Exchange, "headers">, body: Buffer): Uint8Array | undefined {
  const media = mediaOf(headerOf(exchange, "content-type"));
  if (media?.codec !== "binary") return undefined;
  if (media.protocol === "connect unary") {
    return (headerOf(exchange, "content-encoding") ?? "identity") === "identity" ? body : undefined;
  }
  const { flags, data } = onlyEnvelope(body, body.length);
  return flags === 0 ? data : undefined;
}

/** The first one of a field's number: a message that has several is no usual one. */
function stringIn(message: Uint8Array, number: number): string | undefined {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (fieldNumber === number && wireType === WireType.LengthDelimited) return reader.string();
    reader.skip(wireType, fieldNumber);
  }
  return undefined;
}
