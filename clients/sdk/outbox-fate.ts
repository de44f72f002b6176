import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { SendMessageResponse, SendMessagesResponse_Result as SendResult } from "./contract.ts";
import { chatReason, isFinal, type Reason, RefusedError, reasonOf } from "./errors.ts";
import type { OutboxEntry } from "./outbox-entry.ts";

/** An acknowledged message. */
export interface Sent {
  readonly clientId: string;
  readonly conversationId: string;
  readonly seq: bigint;
  readonly messageCount: bigint;
  readonly time: Date;
}

/** What became of a message that was offered: the server has it, or never will. */
export type Fate = { readonly sent: Sent } | { readonly refused: RefusedError };

/** The fate that an answer within a batch tells; undefined where the message is to be offered again. */
export function fateOf(entry: OutboxEntry, result: SendResult | undefined): Fate | undefined {
  if (result?.outcome.case === "sent") return { sent: sentOf(entry, result.outcome.value) };
  if (result?.outcome.case !== "refused") return undefined;
  const { message, retryable, reason: number } = result.outcome.value;
  const reason = chatReason(number);
  return retryable || isStopped(reason) ? undefined : { refused: new RefusedError(message, reason) };
}

/** The fate of a message that was offered alone in a call that failed; undefined where it is to be offered again. */
export function fateOfFailed(error: unknown): Fate | undefined {
  const reason = reasonOf(error);
  if (!isFinal(error) || isStopped(reason)) return undefined;
  return { refused: new RefusedError(error instanceof Error ? error.message : "refused", reason) };
}

/** The server waits for its operator, however long that takes: messages wait too. */
function isStopped(reason: Reason | undefined): boolean {
  return reason?.service === "chat" && reason.reason === "SHARD_STOPPED";
}

function sentOf({ clientId, conversationId }: OutboxEntry, { seq, messageCount, time }: SendMessageResponse): Sent {
  return { clientId, conversationId, seq, messageCount, time: time ? timestampDate(time) : new Date(0) };
}
