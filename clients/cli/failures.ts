import { isSignedOut, isUnreachable, type Reason, reasonOf } from "@parley/sdk";
import { plainLine } from "./terminal/plain.ts";

/** What the process tells its caller. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, notSignedIn: 3, unreachable: 4 } as const;

/** Something that the person can put right; the message is a sentence for them. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: number = exitCodes.failure;
}

/** The command was called in a way that makes no sense. */
export class UsageError extends CommandError {
  override readonly name = "UsageError";
  override readonly exitCode = exitCodes.usage;
}

/** The server does not answer. */
export class UnreachableError extends CommandError {
  override readonly name = "UnreachableError";
  override readonly exitCode = exitCodes.unreachable;
}

export interface Failure {
  readonly exitCode: number;
  /** One plain sentence. */
  readonly sentence: string;
}

/** What to tell about an error; `url` is the server that was called. */
export function explain(error: unknown, url: string): Failure {
  if (error instanceof CommandError) return { exitCode: error.exitCode, sentence: error.message };
  if (isSignedOut(error))
    return { exitCode: exitCodes.notSignedIn, sentence: "You are not signed in: parley login <handle>" };
  const reason = reasonOf(error);
  const known = reason && sentences[`${reason.service}.${reason.reason}`];
  if (known) return { exitCode: exitCodes.failure, sentence: known };
  if (isUnreachable(error)) return { exitCode: exitCodes.unreachable, sentence: `No server answers at ${url}.` };
  return { exitCode: exitCodes.failure, sentence: sentenceOf(error) };
}

type ReasonKey = {
  [Service in Reason["service"]]: `${Service}.${Extract<Reason, { service: Service }>["reason"]}`;
}[Reason["service"]];

const sentences: { readonly [Key in ReasonKey]?: string } & { readonly [key: string]: string } = {
  "auth.HANDLE_TAKEN": "This handle is taken: choose another.",
  "auth.CONTACT_TAKEN": "Another account has this phone number or email address.",
  "auth.WRONG_CREDENTIALS": "Name or password is wrong.",
  "auth.HASHING_BUSY": "The server checks too many passwords at once: try again in a moment.",
  "chat.NOT_A_MEMBER": "You are not in this conversation, or there is none.",
  "chat.ROLE_TOO_LOW": "Your role in this conversation does not allow it.",
  "chat.MESSAGE_NOT_FOUND": "There is no such message.",
  "chat.MESSAGE_DELETED": "The message is deleted.",
  "chat.WRONG_KIND": "This kind of conversation does not allow it.",
  "chat.USER_NOT_FOUND": "One of these people has no account.",
  "chat.OVERLOADED": "The server is busy: try again in a moment.",
  "chat.STORE_BEHIND": "The server is busy: try again in a moment.",
  "chat.LOG_FULL": "The server has no room left: its operator must act.",
  "chat.SHARD_STOPPED": "This conversation is stopped: the server's operator must act.",
  "chat.EVENT_TOO_LARGE": "The message is too long.",
  "chat.TOO_MANY_MEMBERS": "The conversation has as many members as it may have.",
  "chat.LAST_OWNER": "Make somebody else owner first.",
  "chat.TOO_MANY_STREAMS": "Too many programs of this profile follow the server: close one.",
  "media.NOT_FOUND": "There is no such file, or you may not see it.",
  "media.NOT_A_MEMBER": "You are not in this conversation, or there is none.",
  "media.TOO_MANY_UPLOADS": "Too many of your uploads are unfinished: finish one, or wait a day.",
  "platform.RATE_LIMITED": "Too many calls: wait a minute and try again.",
  "platform.TOO_LARGE": "This is more than the server takes at once.",
  "platform.DEADLINE": "The server did not answer in time: try again.",
  "platform.STOPPING": "The server is stopping: try again in a moment.",
  "user.NOT_FOUND": "There is no such person.",
};

/** The error's own words, without the code that the RPC library puts in front. */
function sentenceOf(error: unknown): string {
  const message = plainLine(error instanceof Error ? error.message : String(error)).replace(/^\[\w+\] /u, "");
  const sentence = message.slice(0, 1).toUpperCase() + message.slice(1);
  return /[.!?]$/u.test(sentence) ? sentence : `${sentence}.`;
}
