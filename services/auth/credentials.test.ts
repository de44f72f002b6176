import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { maxCandidates } from "./contacts.ts";
import { createCredentials } from "./credentials.ts";
import { authErrors } from "./errors.ts";
import { createPasswords } from "./password.ts";
import type { Account } from "./stores/account-store.ts";
import { standAccounts } from "./testing/accounts.ts";
import { createTurnedClock } from "./testing/clock.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const { signal } = new AbortController();
const wrong = { reason: authErrors.WRONG_CREDENTIALS.reason };

async function stand() {
  const { accounts, makeAccounts } = standAccounts(store(), createTurnedClock().now);
  const passwords = await createPasswords();
  const credentials = createCredentials(accounts, passwords);
  let createdAt = 0;
  const add = async (password: string, changed: Partial<Account>) => {
    const passwordHash = password === "" ? "" : await passwords.hash(password, signal);
    const empty = { userId: userId(uuidv7()), handle: "", phone: "", email: "", passwordHash, createdAt: createdAt++ };
    const account = { ...empty, ...changed };
    if (account.handle) await accounts.claimHandle(account.handle, account.userId);
    await makeAccounts([{ account, displayName: "" }]);
    return account;
  };
  return { accounts, credentials, add };
}

test("a handle, a phone number and an email address all name the account", async () => {
  const { credentials, add } = await stand();
  const account = await add("dont panic", {
    handle: "trillian",
    phone: "+442079460000",
    email: "trillian@example.org",
  });
  const identifiers = [
    { case: "handle", value: account.handle },
    { case: "phone", value: account.phone },
    { case: "email", value: "Trillian@Example.org" },
  ] as const;
  for (const identifier of identifiers) {
    expect(await credentials.check(identifier, "dont panic", signal)).toEqual(account);
    await expect(credentials.check(identifier, "do panic", signal)).rejects.toMatchObject(wrong);
  }
});

test("an unconfirmed address is whoever's password fits; a confirmed one is its owner's alone", async () => {
  const { accounts, credentials, add } = await stand();
  const email = `${uuidv7()}@example.org`;
  const [a, b] = [await add("password of a", { email }), await add("password of b", { email })];
  const identifier = { case: "email", value: email } as const;
  expect(await credentials.check(identifier, "password of a", signal)).toEqual(a);
  expect(await credentials.check(identifier, "password of b", signal)).toEqual(b);
  await accounts.claimContact(email, b.userId);
  expect(await credentials.check(identifier, "password of b", signal)).toEqual(b);
  await expect(credentials.check(identifier, "password of a", signal)).rejects.toMatchObject(wrong);
});

test(`only the first ${maxCandidates} accounts of an unconfirmed address can use it`, async () => {
  const { accounts, credentials, add } = await stand();
  const email = `${uuidv7()}@example.org`;
  for (let count = 0; count < maxCandidates; count++) await add(`password ${count}`, { email });
  const late = await add("too late", { email });
  const identifier = { case: "email", value: email } as const;
  await credentials.check(identifier, `password ${maxCandidates - 1}`, signal);
  await expect(credentials.check(identifier, "too late", signal)).rejects.toMatchObject(wrong);
  await accounts.claimContact(email, late.userId);
  expect(await credentials.check(identifier, "too late", signal)).toEqual(late);
});

test("who is unknown, or has no password, is answered as a wrong password is", async () => {
  const { credentials, add } = await stand();
  await add("", { handle: "deepthought" });
  const check = (handle: string) => credentials.check({ case: "handle", value: handle }, "forty-two", signal);
  const messages = await Promise.all(
    ["deepthought", "nobody"].map((handle) => check(handle).catch((error: Error) => error.message)),
  );
  expect(new Set(messages)).toEqual(new Set([authErrors.WRONG_CREDENTIALS().message]));
  const nothing = credentials.check({ case: undefined }, "forty-two", signal);
  await expect(nothing).rejects.toMatchObject(wrong);
});

test("a password is changed by who knows it, once, and a repetition changes nothing", async () => {
  const { accounts, credentials, add } = await stand();
  const account = await add("old password", { handle: "fenchurch" });
  const identifier = { case: "handle", value: "fenchurch" } as const;
  await expect(credentials.change(account, "wrong", "new password", signal)).rejects.toMatchObject(wrong);
  await credentials.change(account, "old password", "new password", signal);
  await expect(credentials.change(account, "old password", "another", signal)).rejects.toMatchObject(wrong);
  const standing = await credentials.check(identifier, "new password", signal);
  await credentials.change(standing, "old password", "new password", signal);
  expect(await accounts.read(account.userId)).toEqual(standing);
  await expect(credentials.check(identifier, "old password", signal)).rejects.toMatchObject(wrong);
  const without = await add("", {});
  await expect(credentials.change(without, "", "new password", signal)).rejects.toMatchObject(wrong);
});
