import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Conversations } from "../conversations.ts";
import { mediaErrors } from "../errors.ts";
import { mediaId } from "../media-id.ts";
import type { MediaStore, StoredMedia } from "../stores/media-store.ts";
import { showMedia } from "./show-media.ts";

export interface DownloadDeps {
  readonly media: MediaStore;
  readonly blobs: BlobStore;
  readonly conversations: Conversations;
}

type DownloadRoutes = Pick<ServiceImpl<typeof MediaService>, "getMedia" | "download">;

export function createDownloadRoutes({ media, blobs, conversations }: DownloadDeps): DownloadRoutes {
  const readAllowed = async (id: string, messageSeq: bigint, context: HandlerContext): Promise<StoredMedia> => {
    const user = callingUser(context);
    const found = await media.read(mediaId(id));
    if (!found || !(await conversations.mayRead(user, found, messageSeq, context.signal)))
      throw mediaErrors.NOT_FOUND();
    return found;
  };
  return {
    async getMedia({ mediaId, messageSeq }, context) {
      return { media: showMedia(await readAllowed(mediaId, messageSeq, context)) };
    },
    async *download({ mediaId, offset, messageSeq }, context) {
      const found = await readAllowed(mediaId, messageSeq, context);
      yield { part: { case: "media", value: showMedia(found) } };
      if (offset >= found.size) return;
      for await (const value of blobs.read(found.id, Number(offset), context.signal)) {
        yield { part: { case: "data", value } };
      }
    },
  };
}
