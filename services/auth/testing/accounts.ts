import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { createExternalAccounts } from "../external-accounts.ts";
import { createAccountMaker } from "../new-accounts.ts";
import { createSqliteAccounts } from "../stores/account-store-sqlite.ts";

/** The part of a profile that an account is made with. */
export interface NotedProfile {
  readonly userId: string;
  readonly displayName: string;
}

/** Accounts on a store whose profiles are noted, as the user service would keep them. */
export function standAccounts(db: SqliteDatabase, clock: Clock) {
  const accounts = createSqliteAccounts(db);
  const profiles = new Map<string, NotedProfile>();
  const faults: Error[] = [];
  const makeAccounts = createAccountMaker(accounts, {
    async createProfiles({ profiles: wanted = [] }) {
      const fault = faults.pop();
      if (fault) throw fault;
      for (const { userId = "", displayName = "" } of wanted) {
        if (!profiles.has(userId)) profiles.set(userId, { userId, displayName });
      }
      return { $typeName: "parley.user.v1.CreateProfilesResponse" };
    },
  });
  /** Makes the next making of profiles fail, once. */
  const failOnce = () => void faults.push(new Error("the user service is away"));
  return {
    accounts,
    profiles,
    makeAccounts,
    failOnce,
    externalAccounts: createExternalAccounts(accounts, makeAccounts, clock),
  };
}
