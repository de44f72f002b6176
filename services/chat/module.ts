import { hostname } from "node:os";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import { startTrimmer } from "#platform/log/trimmer.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { Boot, Module, ModuleDefinition } from "#platform/runtime/module.ts";
import { traceAppends } from "#platform/telemetry/log-spans.ts";
import { measureAppends } from "./chat-metrics.ts";
import { traceCommands } from "./command-spans.ts";
import { watchBatches } from "./projector/batch-watch.ts";
import { startProjector } from "./projector/projector.ts";
import { verifyCheckpoints } from "./projector/verify-checkpoints.ts";
import { createAfterTokens } from "./reads/after-tokens.ts";
import { createConversationReads } from "./reads/conversation-reads.ts";
import { createHistoryReads } from "./reads/history-reads.ts";
import { followMemberships } from "./reads/recent-memberships.ts";
import { chatRoutes } from "./routes.ts";
import { startSequencer } from "./sequencer/sequencer.ts";
import { createSqliteConversations } from "./stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "./stores/history-store-sqlite.ts";
import { createSqliteIdempotence } from "./stores/idempotence-store-sqlite.ts";
import { createSqliteMarks } from "./stores/mark-store-sqlite.ts";
import { createSqliteProjection } from "./stores/projection-store-sqlite.ts";

export const chatModule: ModuleDefinition = { name: "chat", needs: ["user"], start: startChat };

async function startChat(boot: Boot): Promise<Module> {
  const { following, clock, logger, sealer, bus } = boot;
  const { db } = boot.store;
  const { tracing, metrics } = boot;
  const logSystem = boot.config.log.kind;
  const measured = measureAppends(boot.log, metrics);
  const log = tracing ? traceAppends(measured, tracing, logSystem) : measured;
  const stores = { conversations: createSqliteConversations(db), history: createSqliteHistory(db) };
  const idempotence = createSqliteIdempotence(db);
  const checkpoints = createSqliteCheckpoints(db);
  await verifyCheckpoints(checkpoints, following, log);
  const recent = followMemberships(following);
  const conversations = createConversationReads(stores.conversations, following, recent);
  const projector = startProjector({
    following,
    ...stores,
    projection: createSqliteProjection(db),
    logger,
    watch: watchBatches({ following, metrics, clock, tracing, logSystem }),
  });
  const owner = `${hostname()}/${process.pid}/${uuidv7()}`;
  const incarnation = boot.incarnation;
  const sequencer = await startSequencer({
    log,
    following,
    leases: boot.fleet.leases,
    clock,
    logger,
    owner,
    incarnation,
    reads: conversations,
    idempotence,
  });
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  const trimmer = startTrimmer({
    log,
    checkpoints,
    retentionMs: boot.config.logRetentionMs,
    clock,
    logger,
    shards: () => shards.filter((shard) => sequencer.holds(shard) && !following.stopped(shard)),
  });
  boot.serve(
    ChatService,
    chatRoutes({
      conversations,
      history: createHistoryReads(stores.history, following),
      marks: createSqliteMarks(db),
      idempotence,
      sequencer: tracing ? traceCommands(sequencer, tracing, logSystem) : sequencer,
      following,
      after: createAfterTokens(sealer, following),
      sealer,
      bus,
      clock,
      users: boot.peer(UserService),
    }),
  );
  return {
    notReady: () => sequencer.notReady() ?? projector.failing(),
    async stop() {
      await trimmer.stop();
      await sequencer.stop();
      await projector.stop();
      recent.close();
    },
  };
}
