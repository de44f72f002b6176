import type { ServiceImpl } from "@connectrpc/connect";
import type { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { clientId, conversationId } from "#platform/runtime/ids.ts";
import type { Conversations } from "../conversations.ts";
import { mediaId } from "../media-id.ts";
import { appendChunk, beginUpload, completeUpload, readProgress, type UploadDeps } from "../uploads.ts";
import { showMedia } from "./show-media.ts";

type UploadRoutes = Pick<
  ServiceImpl<typeof MediaService>,
  "createUpload" | "uploadChunk" | "getUpload" | "completeUpload"
>;

export function createUploadRoutes(deps: UploadDeps & { readonly conversations: Conversations }): UploadRoutes {
  const { conversations } = deps;
  return {
    async createUpload(request, context) {
      const user = callingUser(context);
      const file = {
        conversationId: conversationId(request.conversationId),
        fileName: request.fileName,
        contentType: request.contentType,
        size: Number(request.size),
        sha256: request.sha256,
      };
      await conversations.requireMember(user, file.conversationId, context.signal);
      const { id, offset } = await beginUpload(deps, user, clientId(request.clientId), file);
      return { uploadId: id, offset: BigInt(offset) };
    },
    async uploadChunk(request, context) {
      const { userId } = callingUser(context);
      const chunk = { offset: Number(request.offset), data: request.data };
      const { offset } = await appendChunk(deps, userId, mediaId(request.uploadId), chunk);
      return { offset: BigInt(offset) };
    },
    async getUpload(request, context) {
      const { userId } = callingUser(context);
      const { offset } = await readProgress(deps, userId, mediaId(request.uploadId));
      return { offset: BigInt(offset) };
    },
    async completeUpload(request, context) {
      const user = callingUser(context);
      const media = await completeUpload(deps, user.userId, mediaId(request.uploadId), async ({ conversationId }) => {
        await conversations.requireMember(user, conversationId, context.signal);
        return conversations.readHead(user, conversationId, context.signal);
      });
      return { media: showMedia(media) };
    },
  };
}
