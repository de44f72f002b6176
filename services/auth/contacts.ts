import type { Account, AccountStore } from "./stores/account-store.ts";

/** Accounts that may log in with the same unconfirmed address; the oldest, so that nobody can push them out. */
export const maxCandidates = 5;

/** Email addresses are compared without case; phone numbers have none. */
export function normalAddress(address: string): string {
  return address.toLowerCase();
}

/** The phone number and the email address of an account, where it has them. */
export function addressesOf({ phone, email }: Pick<Account, "phone" | "email">): string[] {
  return [phone, email].filter((address) => address !== "");
}

/** The accounts that an address may stand for: who confirmed it alone, else the first that name it. */
export async function accountsOfAddress(
  accounts: Pick<AccountStore, "contactOwner" | "candidates" | "readMany">,
  address: string,
): Promise<Account[]> {
  const owner = await accounts.contactOwner(address);
  const named = await accounts.readMany(owner ? [owner] : await accounts.candidates(address, maxCandidates));
  return named.sort((a, b) => a.createdAt - b.createdAt);
}
