import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { MediaSchema } from "#gen/parley/media/v1/media_pb.js";
import type { StoredMedia } from "../stores/media-store.ts";

export function showMedia(media: StoredMedia): MessageInitShape<typeof MediaSchema> {
  const { id, conversationId, uploaderId, fileName, contentType, size, sha256, completedAt } = media;
  return {
    mediaId: id,
    conversationId,
    uploaderId,
    fileName,
    contentType,
    size: BigInt(size),
    sha256,
    completedAt: timestampFromMs(completedAt),
  };
}
