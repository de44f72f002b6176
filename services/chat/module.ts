import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import { startTrimmer, type Trimmer } from "#platform/log/trimmer.ts";
import type { Boot, Module, ModuleDefinition } from "#platform/runtime/module.ts";
import { traceAppends } from "#platform/telemetry/log-spans.ts";
import { measureAppends } from "./chat-metrics.ts";
import { traceCommands } from "./command-spans.ts";
import { ownedMethods } from "./ownership/owned-methods.ts";
import { routeToOwners } from "./ownership/route-to-owners.ts";
import { followCheckpoints } from "./projector/follow-checkpoints.ts";
import { verifyCheckpoints } from "./projector/verify-checkpoints.ts";
import { projectorModule } from "./projector-module.ts";
import { createAfterTokens } from "./reads/after-tokens.ts";
import { createCatchUp } from "./reads/catch-up.ts";
import { type ConversationReads, createConversationReads } from "./reads/conversation-reads.ts";
import { createHistoryReads } from "./reads/history-reads.ts";
import { followMemberships } from "./reads/recent-memberships.ts";
import { chatRoutes } from "./routes.ts";
import { type Sequencer, startSequencer } from "./sequencer/sequencer.ts";
import { type ChatStores, openChatStores } from "./stores/open-stores.ts";

export const chatModule: ModuleDefinition = {
  name: "chat",
  needs: ["user"],
  follows: true,
  owned: ownedMethods,
  start: startChat,
};

async function startChat(boot: Boot): Promise<Module> {
  const { following, tracing, fleet } = boot;
  const stores = openChatStores(boot.store);
  const log = observed(boot);
  await verifyCheckpoints(boot.checkpoints, following, log);
  const unfollow = fleet.self.modules.includes(projectorModule.name)
    ? () => undefined
    : followCheckpoints({ ...boot, isProjectedHere: () => false });
  const recent = followMemberships(following);
  const conversations = createConversationReads(stores.conversations, following, recent);
  const { idempotence } = stores;
  const owner = `${fleet.self.address} ${fleet.self.id}`;
  const reading = { reads: conversations, idempotence };
  const sequencer = await startSequencer({ ...boot, ...reading, log, leases: fleet.leases, owner });
  const traced = tracing ? traceCommands(sequencer, tracing, boot.config.log.kind) : sequencer;
  const trimmer = startTrimming(boot, log, sequencer);
  boot.serve(ChatService, routesOf(boot, stores, conversations, traced));
  return {
    notReady: () => sequencer.notReady(),
    handOver: () => sequencer.stop(),
    async stop() {
      await trimmer.stop();
      await sequencer.stop();
      unfollow();
      recent.close();
    },
  };
}

/** The log with its appends measured and, with telemetry on, as spans. */
function observed({ log, metrics, tracing, config }: Boot): EventLog {
  const measured = measureAppends(log, metrics);
  return tracing ? traceAppends(measured, tracing, config.log.kind) : measured;
}

/** Each shard is trimmed by its owner. */
function startTrimming(boot: Boot, log: EventLog, sequencer: Sequencer): Trimmer {
  const { following, config } = boot;
  const all = Array.from({ length: following.shards }, (_, shard) => shard);
  const shards = () => all.filter((shard) => sequencer.holds(shard) && !following.stopped(shard));
  return startTrimmer({ ...boot, log, shards, retentionMs: config.logRetentionMs });
}

function routesOf(boot: Boot, stores: ChatStores, conversations: ConversationReads, sequencer: Sequencer) {
  const { following, sealer, fleet } = boot;
  const routes = chatRoutes({
    ...boot,
    ...stores,
    conversations,
    history: createHistoryReads(stores.history, following),
    sequencer,
    after: createAfterTokens(sealer, following, boot.incarnation),
    catchUp: createCatchUp(boot.log, following),
    users: boot.peer(UserService),
  });
  return routeToOwners(routes, { sequencer, fleet, chatAt: (address) => boot.peerAt(ChatService, address) });
}
