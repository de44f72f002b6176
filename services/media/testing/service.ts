import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@connectrpc/connect";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { openFsBlobStore } from "../blobs/blob-store-fs.ts";
import { createConversations } from "../conversations.ts";
import { createDownloadRoutes } from "../routes/download.ts";
import { createUploadRoutes } from "../routes/upload.ts";
import { createSqliteMediaStore } from "../stores/media-store-sqlite.ts";
import { createSqliteUploadStore } from "../stores/upload-store-sqlite.ts";
import { sweepUploads } from "../sweeping.ts";
import { createTurns } from "../turns.ts";
import { createConversation } from "./conversation.ts";

const migrations = [{ component: "media", dir: join(import.meta.dirname, "../stores/migrations/sqlite") }];

/** The media service in a folder of its own, with one conversation. */
export async function openMedia() {
  const dir = mkdtempSync(join(tmpdir(), "parley-media-"));
  const conversation = createConversation();
  const time = { now: 1_700_000_000_000 };
  let db: SqliteDatabase;
  let running: Awaited<ReturnType<typeof start>>;
  const start = async () => {
    db = await openSqlite({ path: join(dir, "store.db") });
    await migrate(db, migrations);
    const deps = {
      uploads: createSqliteUploadStore(db),
      media: createSqliteMediaStore(db),
      blobs: await openFsBlobStore(join(dir, "blobs")),
      conversations: createConversations(createClient(ChatService, conversation.peers)),
      turns: createTurns(),
      clock: () => time.now,
    };
    const served = createServed();
    served.add(MediaService, { ...createUploadRoutes(deps), ...createDownloadRoutes(deps) });
    return { deps, client: createClient(MediaService, createPeerTransport(served)) };
  };
  running = await start();
  return {
    dir,
    conversation,
    time,
    get client(): Client<typeof MediaService> {
      return running.client;
    },
    get deps() {
      return running.deps;
    },
    sweep: () => sweepUploads(running.deps, new AbortController().signal),
    /** Nothing is in memory afterwards. */
    async restart() {
      await db.close();
      running = await start();
    },
    async close() {
      await db.close();
      rmSync(dir, { recursive: true });
    },
  };
}
