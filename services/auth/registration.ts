import { createHash } from "node:crypto";
import type { Clock } from "#platform/runtime/clock.ts";
import { type UserId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { authErrors } from "./errors.ts";
import type { MakeAccounts } from "./new-accounts.ts";
import type { Passwords } from "./password.ts";
import type { Account, AccountStore, Registration, RegistrationKey } from "./stores/account-store.ts";

/** What somebody registers with. Empty text: not given. The email address is in lower case. */
export interface RegistrationWish {
  readonly handle: string;
  readonly phone: string;
  readonly email: string;
  readonly displayName: string;
  readonly password: string;
}

/**
 * Makes an account for a call, once: repeating it with the same content and password returns the same account. Throws
 * HANDLE_TAKEN, CLIENT_ID_REUSED.
 */
export type Register = (key: RegistrationKey, wish: RegistrationWish, signal: AbortSignal) => Promise<UserId>;

export interface RegistrationOptions {
  readonly accounts: AccountStore;
  readonly makeAccounts: MakeAccounts;
  readonly passwords: Passwords;
  readonly clock: Clock;
}

export function createRegistration({ accounts, makeAccounts, passwords, clock }: RegistrationOptions): Register {
  /** The earlier call's account, if this is a repetition of it: the password is part of the content. */
  async function same(account: Account, password: string, signal: AbortSignal): Promise<UserId> {
    const match = await passwords.firstMatch(password, [account.passwordHash], 1, signal);
    if (match === undefined) throw authErrors.CLIENT_ID_REUSED();
    return account.userId;
  }

  async function claim(key: RegistrationKey, wish: RegistrationWish, contentHash: Uint8Array): Promise<Registration> {
    const now = clock();
    const wanted = { userId: userId(uuidv7(now)), contentHash, createdAt: now };
    const registration = await accounts.claimRegistration(key, wanted);
    if (!contentEquals(registration.contentHash, contentHash)) throw authErrors.CLIENT_ID_REUSED();
    if (wish.handle !== "") {
      const owner = await accounts.claimHandle(wish.handle, registration.userId);
      if (owner !== registration.userId) {
        await accounts.forgetRegistration(key, registration.userId);
        throw authErrors.HANDLE_TAKEN();
      }
    }
    return registration;
  }

  return async (key, wish, signal) => {
    const contentHash = contentOf(wish);
    const known = await accounts.registration(key);
    if (known && !contentEquals(known.contentHash, contentHash)) throw authErrors.CLIENT_ID_REUSED();
    const made = known && (await accounts.read(known.userId));
    if (made) return await same(made, wish.password, signal);

    const owner = wish.handle === "" ? undefined : await accounts.handleOwner(wish.handle);
    if (owner && owner !== known?.userId) throw authErrors.HANDLE_TAKEN();
    const passwordHash = await passwords.hash(wish.password, signal);
    const { userId: user, createdAt } = await claim(key, wish, contentHash);

    const { handle, phone, email } = wish;
    const account: Account = { userId: user, handle, phone, email, passwordHash, createdAt };
    const [isNew] = await makeAccounts([{ account, displayName: wish.displayName || handle }]);
    if (isNew) return user;
    const standing = await accounts.read(user);
    return await same(standing ?? account, wish.password, signal);
  };
}

function contentOf({ handle, phone, email, displayName }: RegistrationWish): Uint8Array {
  return createHash("sha256")
    .update(JSON.stringify([handle, phone, email, displayName]))
    .digest();
}

function contentEquals(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
