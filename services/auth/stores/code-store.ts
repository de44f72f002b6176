import type { UserId } from "#platform/runtime/ids.ts";

/** A code that was sent to a contact. */
export interface SentCode {
  readonly codeHash: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly triesLeft: number;
}

/** Codes that wait to be confirmed, one for each contact of an account. Partition: user id; clustering: address. */
export interface CodeStore {
  /** The code, or undefined. */
  read(userId: UserId, address: string): Promise<SentCode | undefined>;
  /** Puts the code in the place of `replaced`, or where none is. False: another one stands there, nothing changed. */
  put(userId: UserId, address: string, code: SentCode, replaced: SentCode | undefined): Promise<boolean>;
  /** Takes one try off if `code` still stands with as many. False: it does not, nothing changed. */
  spendTry(userId: UserId, address: string, code: SentCode): Promise<boolean>;
  /** Drops the code if it still stands, with whatever tries. */
  remove(userId: UserId, address: string, code: SentCode): Promise<void>;
}
