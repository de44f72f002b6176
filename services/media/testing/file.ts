import { createHash, randomBytes } from "node:crypto";
import type { CallOptions, Client } from "@connectrpc/connect";
import type { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";

export const chunkBytes = 256 * 1024;

/** Random bytes and what is announced of them. */
export function createFile(conversationId: string, size: number) {
  const bytes = randomBytes(size);
  const sha256 = new Uint8Array(createHash("sha256").update(bytes).digest());
  const announced = { conversationId, fileName: "towel.png", contentType: "image/png", size: BigInt(size), sha256 };
  return { bytes, announced };
}

/** Sends all bytes from `offset` on, chunk by chunk. */
export async function sendFrom(
  client: Client<typeof MediaService>,
  uploadId: string,
  bytes: Uint8Array,
  offset: number,
  options?: CallOptions,
): Promise<void> {
  for (let position = offset; position < bytes.length; position += chunkBytes) {
    const data = bytes.subarray(position, position + chunkBytes);
    await client.uploadChunk({ clientId: uuidv7(), uploadId, offset: BigInt(position), data }, options);
  }
}

export interface Downloaded {
  readonly mediaId: string;
  readonly bytes: Buffer;
  /** Largest part that came. */
  readonly largest: number;
}

export async function download(
  client: Client<typeof MediaService>,
  request: { readonly mediaId: string; readonly offset?: bigint; readonly messageSeq?: bigint },
  options?: CallOptions,
): Promise<Downloaded> {
  const parts: Uint8Array[] = [];
  let mediaId = "";
  for await (const { part } of client.download(request, options)) {
    if (part.case === "media") mediaId = part.value.mediaId;
    else if (part.case === "data") parts.push(part.value);
  }
  return { mediaId, bytes: Buffer.concat(parts), largest: Math.max(0, ...parts.map(({ length }) => length)) };
}
