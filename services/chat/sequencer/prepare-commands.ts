import type { Logger } from "pino";
import type { Following } from "#platform/log/following.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { WaitingCommand } from "./pending-commands.ts";
import type { KnownConversation, SequencerState } from "./sequencer-state.ts";

/** A command, and what its decision needs. */
export interface Prepared {
  readonly waiting: WaitingCommand;
  readonly known: KnownConversation;
}

export interface Preparing {
  readonly shard: number;
  readonly state: SequencerState;
  readonly following: Pick<Following, "tail">;
  readonly logger: Logger;
}

/**
 * Loads what the decisions need, for all at the same time, but for those of one conversation in turn; answers
 * repetitions. What can't be read fails its command alone. Returns those that are to be decided, in their order.
 */
export async function prepareCommands(taken: readonly WaitingCommand[], preparing: Preparing): Promise<Prepared[]> {
  const turns = new Map<ConversationId, Promise<unknown>>();
  const failures: unknown[] = [];
  const loads = taken.map((waiting) => {
    const { conversationId } = waiting.command;
    const prepared = (turns.get(conversationId) ?? Promise.resolve())
      .then(() => prepare(waiting, preparing))
      .catch((error: unknown) => {
        failures.push(error);
        waiting.reject(error instanceof ServiceError ? error : chatErrors.OUTCOME_UNKNOWN({ cause: error }));
        return undefined;
      });
    turns.set(conversationId, prepared);
    return prepared;
  });
  const prepared = await Promise.all(loads);
  const { logger, shard } = preparing;
  if (failures.length > 0) logger.error({ err: failures[0], shard }, "commands can't be decided");
  return prepared.filter((one) => one !== undefined);
}

/** Undefined where nothing is left to decide. */
async function prepare(waiting: WaitingCommand, { shard, state, following }: Preparing): Promise<Prepared | undefined> {
  const { command } = waiting;
  if (!waiting.isAwaited()) {
    waiting.reject(chatErrors.OUTCOME_UNKNOWN({ message: "nobody waits for it" }));
    return undefined;
  }
  const known = await state.load(command.conversationId, command.users);
  const committed = await state.committed(command, command.clientId);
  if (!committed) return { waiting, known };
  if (Buffer.compare(committed.contentHash, command.contentHash) !== 0) waiting.reject(chatErrors.CLIENT_ID_REUSED());
  else waiting.resolve({ ...committed, position: following.tail(shard), duplicate: true, happened: true });
  return undefined;
}
