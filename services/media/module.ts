import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { openFsBlobStore } from "./blobs/blob-store-fs.ts";
import { createConversations } from "./conversations.ts";
import { createDownloadRoutes } from "./routes/download.ts";
import { createUploadRoutes } from "./routes/upload.ts";
import { openMediaStores } from "./stores/open-stores.ts";
import { sweepUploads } from "./sweeping.ts";
import { createTurns } from "./turns.ts";

const sweepIntervalMs = 600_000;

export const mediaModule: ModuleDefinition = {
  name: "media",
  needs: ["chat"],
  async start({ config, serve, peer, store, clock, signal, logger }) {
    const deps = {
      ...openMediaStores(store),
      blobs: await openFsBlobStore(config.blobs.path),
      conversations: createConversations(peer(ChatService)),
      turns: createTurns(),
      clock,
    };
    serve(MediaService, { ...createUploadRoutes(deps), ...createDownloadRoutes(deps) });
    const stopping = new AbortController();
    const sweepSignal = AbortSignal.any([signal, stopping.signal]);
    const sweep = () =>
      sweepUploads(deps, sweepSignal).catch((error: unknown) => logger.error({ err: error }, "uploads not swept"));
    let sweeping = sweep();
    const timer = setInterval(() => {
      sweeping = sweep();
    }, sweepIntervalMs).unref();
    return {
      async stop() {
        clearInterval(timer);
        stopping.abort();
        await sweeping;
      },
    };
  },
};
