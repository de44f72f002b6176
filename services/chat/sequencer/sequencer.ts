import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { Command, Outcome } from "./command.ts";
import type { SequencerOptions } from "./sequencer-options.ts";
import { ShardSequencer } from "./shard-sequencer.ts";

/** The only writer of its shards: gives every event its number, in one order, and answers once it is durable. */
export interface Sequencer {
  /**
   * Decides commands on one conversation and appends what they lead to, in their order and after all that were submitted
   * before. Either all are admitted or none; each has an outcome of its own. Rejects with a row of `chatErrors`; "not
   * sent" is only told where it is certain, else the outcome is unknown and the command is repeated with the same client
   * id.
   */
  submit(commands: readonly Command[]): Promise<Outcome>[];
  /** Why a shard can't be written, or undefined. */
  notReady(): string | undefined;
  /** Refuses new commands, finishes those that wait, then ends. Doing it twice is harmless. */
  stop(): Promise<void>;
}

/** Takes all shards over and resolves once each is owned. */
export async function startSequencer(options: SequencerOptions): Promise<Sequencer> {
  const shards = Array.from({ length: options.following.shards }, (_, shard) => new ShardSequencer(shard, options));
  await Promise.all(shards.map((shard) => shard.takeOver()));
  const of = (id: ConversationId): ShardSequencer => {
    const shard = shards[shardOf(id)];
    if (!shard) throw chatErrors.NOT_A_MEMBER();
    return shard;
  };
  return {
    submit(commands) {
      const [first] = commands;
      return first ? of(first.conversationId).submit(commands) : [];
    },
    notReady: () => shards.map((shard) => shard.notReady()).find((reason) => reason !== undefined),
    async stop() {
      await Promise.all(shards.map((shard) => shard.stop()));
    },
  };
}
