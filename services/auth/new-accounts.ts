import type { Client } from "@connectrpc/connect";
import type { UserService } from "#gen/parley/user/v1/user_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { addressesOf } from "./contacts.ts";
import type { Account, AccountStore } from "./stores/account-store.ts";

/** An account that is to be, and the name it shows. */
export interface NewAccount {
  readonly account: Account;
  readonly displayName: string;
}

/**
 * Makes accounts whose unique rows were claimed, at most 256. The account's row comes last: where it stands, the profile and
 * everything else does too, and until then repeating the call completes what a crash left. Tells for each whether this
 * call made it.
 */
export type MakeAccounts = (newAccounts: readonly NewAccount[]) => Promise<boolean[]>;

const asAuth = callAs({ kind: "service", name: "auth" });

export function createAccountMaker(
  accounts: Pick<AccountStore, "addCandidate" | "insert">,
  users: Pick<Client<typeof UserService>, "createProfiles">,
): MakeAccounts {
  return async (newAccounts) => {
    const profiles = newAccounts.map(({ account: { userId, handle }, displayName }) => ({
      userId,
      handle,
      displayName,
    }));
    if (profiles.length > 0) await users.createProfiles({ profiles }, asAuth);
    return await Promise.all(
      newAccounts.map(async ({ account }) => {
        const { userId, createdAt } = account;
        await Promise.all(addressesOf(account).map((address) => accounts.addCandidate(address, createdAt, userId)));
        return await accounts.insert(account);
      }),
    );
  };
}
