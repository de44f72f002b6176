import type { Clock } from "#platform/runtime/clock.ts";
import { type UserId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { MakeAccounts, NewAccount } from "./new-accounts.ts";
import type { AccountStore } from "./stores/account-store.ts";

/** The issuer of those whom the operator names by `external_id`. */
export const operatorIssuer = "operator";

/** Somebody who is known elsewhere. */
export interface ExternalPerson {
  readonly subject: string;
  readonly displayName: string;
}

/** The accounts of people whom `issuer` knows, at most 256, in their order; made where they are new. */
export type ExternalAccounts = (issuer: string, people: readonly ExternalPerson[]) => Promise<UserId[]>;

type Accounts = Pick<AccountStore, "externalOwner" | "claimExternal" | "readMany">;

export function createExternalAccounts(accounts: Accounts, makeAccounts: MakeAccounts, clock: Clock): ExternalAccounts {
  const ownerOf = async (issuer: string, subject: string) =>
    (await accounts.externalOwner(issuer, subject)) ??
    (await accounts.claimExternal(issuer, subject, userId(uuidv7(clock()))));

  return async (issuer, people) => {
    const owners = await Promise.all(people.map(({ subject }) => ownerOf(issuer, subject)));
    const standing = new Set((await accounts.readMany(owners)).map((account) => account.userId));
    const missing = new Map<UserId, NewAccount>();
    for (const [index, user] of owners.entries()) {
      if (standing.has(user) || missing.has(user)) continue;
      const displayName = shortName(people[index]?.displayName ?? "");
      missing.set(user, { account: emptyAccount(user, clock()), displayName });
    }
    await makeAccounts([...missing.values()]);
    return owners;
  };
}

function emptyAccount(user: UserId, createdAt: number) {
  return { userId: user, handle: "", phone: "", email: "", passwordHash: "", createdAt };
}

const maxNameBytes = 128;

/** As much of the name as a profile holds, cut between characters. */
function shortName(name: string): string {
  let short = "";
  for (const character of name) {
    if (Buffer.byteLength(short + character) > maxNameBytes) break;
    short += character;
  }
  return short;
}
