import { chatErrors } from "../errors.ts";
import type { Command, Outcome } from "./command.ts";
import type { Queued } from "./command-queue.ts";

/** A command whose outcome is awaited. */
export interface WaitingCommand extends Queued {
  readonly command: Command;
  readonly outcome: Promise<Outcome>;
  /** Whether somebody still waits for the outcome. */
  isAwaited(): boolean;
  /** Somebody else waits for it too. */
  await(signal: AbortSignal): void;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** Commands that are not settled, by their client id: a repetition waits for the outcome of the first. */
export class PendingCommands {
  readonly #waiting = new Map<string, WaitingCommand>();

  /** The outcome that a repetition shares, or undefined for a command that is not pending. */
  repeated(command: Command): Promise<Outcome> | undefined {
    const first = this.#waiting.get(keyOf(command));
    if (!first) return undefined;
    if (Buffer.compare(first.command.contentHash, command.contentHash) !== 0) {
      return Promise.reject(chatErrors.CLIENT_ID_REUSED());
    }
    first.await(command.signal);
    return first.outcome.then((outcome) => ({ ...outcome, duplicate: true }));
  }

  add(command: Command): WaitingCommand {
    const key = keyOf(command);
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const signals = [command.signal];
    const end = () => {
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
    const waiting: WaitingCommand = {
      conversationId: command.conversationId,
      size: command.size,
      command,
      outcome: promise,
      isAwaited: () => signals.some((signal) => !signal.aborted),
      await: (signal) => void signals.push(signal),
      resolve: (outcome) => {
        end();
        resolve(outcome);
      },
      reject: (error) => {
        end();
        reject(error);
      },
    };
    this.#waiting.set(key, waiting);
    return waiting;
  }
}

function keyOf({ conversationId, userId, deviceId, clientId }: Command): string {
  return `${conversationId}/${userId}/${deviceId}/${clientId}`;
}
