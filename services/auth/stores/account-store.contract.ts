import { expect, test } from "vitest";
import { clientId, deviceId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { Account, AccountStore } from "./account-store.ts";

/** What holds of every engine that accounts are kept in. */
export function describeAccountStore(engine: string, open: () => AccountStore): void {
  const newUser = () => userId(uuidv7());
  const newAccount = (): Account => ({
    userId: newUser(),
    handle: "marvin",
    phone: "+4915112345678",
    email: "marvin@example.org",
    passwordHash: "hash",
    createdAt: 1000,
  });
  const newKey = () => ({ deviceId: deviceId(uuidv7()), clientId: clientId(uuidv7()) });

  test(`${engine}: an account is inserted once and read as it was`, async () => {
    const [store, account] = [open(), newAccount()];
    expect(await store.read(account.userId)).toBeUndefined();
    expect(await store.insert(account)).toBe(true);
    expect(await store.insert({ ...account, passwordHash: "other" })).toBe(false);
    expect(await store.read(account.userId)).toEqual(account);
    expect(await store.readMany([newUser(), account.userId])).toEqual([account]);
    expect(await store.readMany([])).toEqual([]);
  });

  test(`${engine}: a password is replaced only where it is the one that was seen`, async () => {
    const [store, account] = [open(), newAccount()];
    await store.insert(account);
    expect(await store.replacePassword(account.userId, "stale", "new")).toBe(false);
    expect(await store.replacePassword(account.userId, "hash", "new")).toBe(true);
    expect(await store.replacePassword(account.userId, "hash", "newer")).toBe(false);
    expect((await store.read(account.userId))?.passwordHash).toBe("new");
    expect(await store.replacePassword(newUser(), "hash", "new")).toBe(false);
  });

  test(`${engine}: of all who claim a handle, a contact or an external name, one has it for good`, async () => {
    const [store, users, name] = [open(), [newUser(), newUser(), newUser()], uuidv7()];
    const claims = [
      [store.claimHandle, store.handleOwner],
      [store.claimContact, store.contactOwner],
      [
        (key: string, user: (typeof users)[0]) => store.claimExternal("issuer", key, user),
        (key: string) => store.externalOwner("issuer", key),
      ],
    ] as const;
    for (const [claim, owner] of claims) {
      expect(await owner(name)).toBeUndefined();
      const owners = new Set(await Promise.all(users.map((user) => claim(name, user))));
      expect(owners.size).toBe(1);
      expect(owners).toContain(await owner(name));
      expect(owners).toContain(await claim(name, newUser()));
    }
    expect(await store.externalOwner("another issuer", name)).toBeUndefined();
  });

  test(`${engine}: candidates of an address are the oldest, each once`, async () => {
    const [store, address, users] = [open(), `${uuidv7()}@example.org`, [newUser(), newUser(), newUser()] as const];
    await store.addCandidate(address, 300, users[2]);
    await store.addCandidate(address, 100, users[0]);
    await store.addCandidate(address, 200, users[1]);
    await store.addCandidate(address, 100, users[0]);
    expect(await store.candidates(address, 2)).toEqual([users[0], users[1]]);
    expect(await store.candidates(address, 10)).toEqual(users);
    expect(await store.candidates("nobody@example.org", 10)).toEqual([]);
  });

  test(`${engine}: a registration stands until the account that it is of forgets it`, async () => {
    const [store, key] = [open(), newKey()];
    const first = { userId: newUser(), contentHash: Uint8Array.of(1, 2), createdAt: 1 };
    const second = { userId: newUser(), contentHash: Uint8Array.of(3), createdAt: 2 };
    expect(await store.registration(key)).toBeUndefined();
    expect(await store.claimRegistration(key, first)).toEqual(first);
    expect(await store.claimRegistration(key, second)).toEqual(first);
    await store.forgetRegistration(key, second.userId);
    expect(await store.registration(key)).toEqual(first);
    await store.forgetRegistration(key, first.userId);
    expect(await store.registration(key)).toBeUndefined();
    expect(await store.claimRegistration(key, second)).toEqual(second);
    expect(await store.registration({ ...key, clientId: clientId(uuidv7()) })).toBeUndefined();
  });
}
