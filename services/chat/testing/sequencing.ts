import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Leases } from "#platform/fleet/leases.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import { createHoldingEventLog, type HoldingEventLog } from "#platform/testing/holding-event-log.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { type Projector, startProjector } from "../projector/projector.ts";
import { type ConversationReads, createConversationReads } from "../reads/conversation-reads.ts";
import { followMemberships } from "../reads/recent-memberships.ts";
import type { Command, Outcome } from "../sequencer/command.ts";
import { type Sequencer, startSequencer } from "../sequencer/sequencer.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { createSqliteIdempotence } from "../stores/idempotence-store-sqlite.ts";
import { type ProjectionStore, projectorName } from "../stores/projection-store.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { openChatStore } from "./chat-files.ts";
import { createHandLeases } from "./hand-leases.ts";

/** A log behind a network that can fail, and a store. */
export interface Files {
  readonly log: HoldingEventLog;
  readonly db: SqliteDatabase;
}

export async function openFiles(): Promise<Files> {
  return { log: createHoldingEventLog(await openTestLog()), db: await openChatStore() };
}

/** One process that sequences shard 0. Its clock stands still unless it is turned. */
export interface Sequencing {
  readonly sequencer: Sequencer;
  readonly following: RunningFollowing;
  readonly reads: ConversationReads;
  readonly projector: Projector | undefined;
  readonly clock: { now: number };
  submit(command: Command): Promise<Outcome>;
  stop(): Promise<void>;
}

export interface SequencingOptions {
  /** Unset: it holds every shard, until it finds that another process owns it. */
  readonly leases?: Leases;
  readonly owner?: string;
  readonly incarnation?: number;
  /** Whether the store follows the log; unset: it does. */
  readonly projecting?: boolean;
  /** Stands before the store that the projector writes to. */
  readonly before?: (projection: ProjectionStore) => ProjectionStore;
  /** Stands before what the sequencer reads of the store. */
  readonly beforeReads?: (reads: ConversationReads) => ConversationReads;
}

export async function startSequencing({ log, db }: Files, options: SequencingOptions = {}): Promise<Sequencing> {
  const logger = pino({ level: "silent" });
  const checkpoints = createSqliteCheckpoints(db);
  const watermark = async (shard: number) => (await checkpoints.read(projectorName, shard))?.position ?? 0;
  const incarnation = options.incarnation ?? 1;
  const following = await openFollowing({ log, shards: 1, logger, watermark, incarnation });
  const conversations = createSqliteConversations(db);
  const projecting = options.projecting ?? true;
  const projection = (options.before ?? ((store) => store))(createSqliteProjection(db));
  const parts = { following, conversations, history: createSqliteHistory(db), projection };
  const projector = projecting
    ? startProjector({ ...parts, log, leases: createHandLeases(), checkpoints, logger })
    : undefined;
  const reads = createConversationReads(conversations, following, followMemberships(following));
  const clock = { now: Date.UTC(2026, 0, 1) };
  const sequencer = await startSequencer({
    log,
    following,
    leases: options.leases ?? createHandLeases(),
    reads: options.beforeReads?.(reads) ?? reads,
    idempotence: createSqliteIdempotence(db),
    clock: () => clock.now,
    logger,
    owner: options.owner ?? "this process",
    incarnation,
  });
  const stop = async () => {
    await sequencer.stop();
    await projector?.stop();
    following.close();
  };
  onTestFinished(stop);
  const submit = async (command: Command) => {
    const [outcome] = await Promise.all(sequencer.submit([command]));
    if (!outcome) throw new Error("a command without an outcome");
    return outcome;
  };
  return { sequencer, following, reads, projector, clock, submit, stop };
}
