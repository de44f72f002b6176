import type { Identifier } from "#gen/parley/auth/v1/auth_pb.js";
import { accountsOfAddress, maxCandidates, normalAddress } from "./contacts.ts";
import { authErrors } from "./errors.ts";
import type { Passwords } from "./password.ts";
import type { Account, AccountStore } from "./stores/account-store.ts";

/** Checks who somebody is by what they know. */
export interface Credentials {
  /** The account that identifier and password fit. Throws WRONG_CREDENTIALS, the same and as late for every cause. */
  check(identifier: Identifier["kind"], password: string, signal: AbortSignal): Promise<Account>;
  /**
   * Replaces the password of an account. Throws WRONG_CREDENTIALS where `from` is not its password. Repeating it after
   * success changes nothing.
   */
  change(account: Account, from: string, to: string, signal: AbortSignal): Promise<void>;
}

type Accounts = Pick<AccountStore, "readMany" | "handleOwner" | "contactOwner" | "candidates" | "replacePassword">;

export function createCredentials(accounts: Accounts, passwords: Passwords): Credentials {
  async function named(identifier: Identifier["kind"]): Promise<Account[]> {
    if (identifier.case !== "handle") return await accountsOfAddress(accounts, normalAddress(identifier.value ?? ""));
    const owner = await accounts.handleOwner(identifier.value);
    return owner ? await accounts.readMany([owner]) : [];
  }

  return {
    async check(identifier, password, signal) {
      const candidates = (await named(identifier)).filter((account) => account.passwordHash !== "");
      const hashes = candidates.map((account) => account.passwordHash);
      const tries = identifier.case === "handle" ? 1 : maxCandidates;
      const index = await passwords.firstMatch(password, hashes, tries, signal);
      const account = index === undefined ? undefined : candidates[index];
      if (!account) throw authErrors.WRONG_CREDENTIALS();
      return account;
    },

    async change(account, from, to, signal) {
      const hashes = account.passwordHash === "" ? [] : [account.passwordHash];
      if ((await passwords.firstMatch(from, hashes, 1, signal)) === undefined) {
        if ((await passwords.firstMatch(to, hashes, 1, signal)) === undefined) throw authErrors.WRONG_CREDENTIALS();
        return;
      }
      const hash = await passwords.hash(to, signal);
      const replaced = await accounts.replacePassword(account.userId, account.passwordHash, hash);
      if (!replaced) throw authErrors.WRONG_CREDENTIALS();
    },
  };
}
