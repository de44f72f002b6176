import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { Command, Outcome } from "./command.ts";
import { watchLogRoom } from "./log-room.ts";
import type { SequencerOptions } from "./sequencer-options.ts";
import { ShardSequencer } from "./shard-sequencer.ts";

/** Group of the leases whose keys are shards. */
export const sequencerGroup = "sequencer";

/** The only writer of its shards: gives every event its number, in one order, and answers once it is durable. */
export interface Sequencer {
  /**
   * Decides commands on one conversation and appends what they lead to, in their order and after all that were submitted
   * before. Either all are admitted or none; each has an outcome of its own. Rejects with a row of `chatErrors`; "not
   * sent" is only told where it is certain, else the outcome is unknown and the command is repeated with the same client
   * id. NOT_OWNER where another process has the shard.
   */
  submit(commands: readonly Command[]): Promise<Outcome>[];
  /** Whether commands on the shard are admitted here: it is owned, or about to be. */
  holds(shard: number): boolean;
  /** Why a shard can't be written by anybody, or not by this process, which should; else undefined. */
  notReady(): string | undefined;
  /** Refuses new commands, finishes those that wait, lets all shards go, then ends. Doing it twice is harmless. */
  stop(): Promise<void>;
}

/** Competes for the shards; resolves once those that it holds from the beginning are owned. */
export async function startSequencer(options: SequencerOptions): Promise<Sequencer> {
  const { leases, following } = options;
  const room = watchLogRoom({ ...options, shards: () => [...shards.keys()].filter((shard) => shards[shard]?.isHeld) });
  const surroundings = { room, giveUp: (shard: number) => competition.giveUp(shard) };
  const shards = Array.from(
    { length: following.shards },
    (_, shard) => new ShardSequencer(shard, options, surroundings),
  );
  const competition = leases.compete(sequencerGroup, shards.length, {
    gained: (shard) => shards[shard]?.gain(),
    lost: async (shard) => await shards[shard]?.lose(),
  });
  await Promise.all(shards.map((shard) => shard.taken()));
  const notReady = (shard: ShardSequencer, key: number) => {
    // Nobody uses what was added before all processes know of it.
    if (!shard.isHeld && key >= competition.shared()) return undefined;
    const isElsewhere = !shard.isHeld && leases.holderOf(sequencerGroup, key) !== undefined;
    return isElsewhere ? following.stopped(key) : shard.notReady();
  };
  return {
    submit(commands) {
      const [first] = commands;
      return first ? shardFor(shards, first.conversationId).submit(commands) : [];
    },
    holds: (shard) => shards[shard]?.isHeld === true,
    notReady: () => shards.map(notReady).find((reason) => reason !== undefined),
    async stop() {
      await competition.stop();
      room.close();
    },
  };
}

function shardFor(shards: readonly ShardSequencer[], id: ConversationId): ShardSequencer {
  const shard = shards[shardOf(id)];
  if (!shard) throw chatErrors.NOT_A_MEMBER();
  return shard;
}
