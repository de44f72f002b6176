import type { Identity } from "#platform/rpc/identity.ts";

/** How long the process that holds the accounts may take to answer. */
export const askMs = 5_000;
/** How long a question lives, with the wait for its turn: as long as calls whose callers name no deadline. */
export const questionMs = 15_000;
/** Most of each kind that are asked about or wait: operator keys, tokens of a trusted issuer, and sessions. */
export const maxQuestions = 10_000;

/** Credentials, with a key for them. */
export interface Question {
  readonly key: string;
  readonly authorization: string;
  /** "": none is given. */
  readonly deviceId: string;
}

/** Whose they are, as it was known at that time or later. */
export interface Answer {
  readonly identity: Identity;
  readonly askedAt: number;
  /** They are good until then, whatever becomes of the session. */
  readonly expiresAt: number;
}
