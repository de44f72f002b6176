import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { platformErrors } from "../errors.ts";
import { type Exchange, headerOf } from "../exchange/exchange.ts";

/** Messages below this are sent as they are: compressing them costs more than it saves. */
export const compressFromBytes = 1024;

const available = [compressionGzip, compressionBrotli];

/** Told to who compresses in another way (https://github.com/grpc/grpc/blob/master/doc/compression.md). */
export const acceptedEncodings = available.map(({ name }) => name).join(",");

/** How the messages of a call are compressed in each direction; absent: not at all. */
export interface Compressions {
  readonly request: Compression | null;
  readonly response: Compression | null;
  /** The client compresses in a way that the server does not know. */
  readonly error: ConnectError | undefined;
}

const none: Compressions = { request: null, response: null, error: undefined };

/** What the headers of these names say: how the client compressed, and what it accepts. */
export function negotiateCompressions(
  exchange: Pick<Exchange, "headers">,
  encodingHeader: string,
  acceptHeader: string,
): Compressions {
  const requested = headerOf(exchange, encodingHeader);
  const accepted = headerOf(exchange, acceptHeader);
  if (requested === undefined && accepted === undefined) return none;
  const { request, response, error } = compressionNegotiate(
    available,
    requested ?? null,
    accepted ?? null,
    acceptHeader,
  );
  return { request, response, error };
}

/** Throws TOO_LARGE where the result would be, and INVALID_ARGUMENT where the bytes are not what they are said to be. */
export async function decompress({ decompress: open }: Compression, bytes: Uint8Array, maxBytes: number) {
  try {
    return await open(bytes, maxBytes);
  } catch (cause) {
    if (cause instanceof ConnectError && cause.code === Code.ResourceExhausted) throw cause;
    throw platformErrors.INVALID_ARGUMENT({ message: "a message can't be decompressed", cause });
  }
}
