import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import type { Clock } from "#platform/runtime/clock.ts";
import type { UserId } from "#platform/runtime/ids.ts";
import type { CodeSender } from "./code-sender.ts";
import { addressesOf, normalAddress } from "./contacts.ts";
import { authErrors } from "./errors.ts";
import type { AccountStore } from "./stores/account-store.ts";
import type { CodeStore, SentCode } from "./stores/code-store.ts";

/** How long a code can be confirmed. */
export const codeLifeMs = 600_000;
/** How many codes may be tried before another must be requested. */
export const codeTries = 5;
/** A request sooner than this after the last one sends nothing: the earlier code still holds. */
export const resendAfterMs = 60_000;

/** One-time codes that prove who reads a contact. */
export interface Codes {
  /** Sends a code if the address is one of the account's. Says nothing where it is not. Rejects as the sender does. */
  request(userId: UserId, address: string): Promise<void>;
  /**
   * Makes the address the account's alone. Throws CODE_REFUSED, or CONTACT_TAKEN where the code is right but another
   * account was first. Repeating it after success changes nothing.
   */
  confirm(userId: UserId, address: string, code: string): Promise<void>;
}

export interface CodesOptions {
  readonly accounts: Pick<AccountStore, "read" | "contactOwner" | "claimContact">;
  readonly store: CodeStore;
  readonly sender: CodeSender;
  readonly clock: Clock;
  /** Six digits are soon tried out: without the key, a hash from the store gives no code away. */
  readonly key: Uint8Array;
}

export function createCodes({ accounts, store, sender, clock, key }: CodesOptions): Codes {
  const hashOf = (userId: UserId, address: string, code: string) =>
    createHmac("sha256", key)
      .update(JSON.stringify(["code", userId, address, code]))
      .digest();

  /** Takes a try off before the code is compared, so that no two tries at once count as one. */
  async function takeTry(userId: UserId, address: string): Promise<SentCode> {
    for (;;) {
      const sent = await store.read(userId, address);
      if (!sent || sent.triesLeft === 0 || clock() >= sent.sentAt + codeLifeMs) throw authErrors.CODE_REFUSED();
      if (await store.spendTry(userId, address, sent)) return sent;
    }
  }

  return {
    async request(userId, given) {
      const address = normalAddress(given);
      const account = await accounts.read(userId);
      if (!account || !addressesOf(account).includes(address)) return;
      const [now, last] = [clock(), await store.read(userId, address)];
      if (last && now < last.sentAt + resendAfterMs) return;
      const code = String(randomInt(1_000_000)).padStart(6, "0");
      const sent = { codeHash: hashOf(userId, address, code), sentAt: now, triesLeft: codeTries };
      if (!(await store.put(userId, address, sent, last))) return;
      try {
        await sender.send(address, code);
      } catch (error) {
        await store.remove(userId, address, sent);
        throw error;
      }
    },

    async confirm(userId, given, code) {
      const address = normalAddress(given);
      if ((await accounts.contactOwner(address)) === userId) return;
      const sent = await takeTry(userId, address);
      if (!timingSafeEqual(sent.codeHash, hashOf(userId, address, code))) throw authErrors.CODE_REFUSED();
      const owner = await accounts.claimContact(address, userId);
      await store.remove(userId, address, sent);
      if (owner !== userId) throw authErrors.CONTACT_TAKEN();
    },
  };
}
