import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { codeLifeMs, codeTries, createCodes, resendAfterMs } from "./codes.ts";
import { authErrors } from "./errors.ts";
import { createSqliteAccounts } from "./stores/account-store-sqlite.ts";
import { createSqliteCodes } from "./stores/code-store-sqlite.ts";
import { createTurnedClock } from "./testing/clock.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const refused = { reason: authErrors.CODE_REFUSED.reason };

/** Codes whose sender keeps what it is given, and an account with an address of its own. */
async function standCodes(address = `${uuidv7()}@example.org`) {
  const accounts = createSqliteAccounts(store());
  const clock = createTurnedClock();
  const sent: { address: string; code: string }[] = [];
  const sender = { send: async (to: string, code: string) => void sent.push({ address: to, code }) };
  const codes = createCodes({
    accounts,
    store: createSqliteCodes(store()),
    sender,
    clock: clock.now,
    key: randomBytes(32),
  });
  const user = userId(uuidv7());
  await accounts.insert({ userId: user, handle: "", phone: "", email: address, passwordHash: "", createdAt: 0 });
  const lastCode = () => sent.at(-1)?.code ?? "";
  const wrongCode = () => (lastCode() === "000000" ? "000001" : "000000");
  return { accounts, clock, codes, sent, sender, user, address, lastCode, wrongCode };
}

test("a code confirms its contact, whatever its case, and repeating it changes nothing", async () => {
  const { accounts, codes, sent, user, address, lastCode } = await standCodes();
  await codes.request(user, address.toUpperCase());
  expect(sent).toMatchObject([{ address, code: expect.stringMatching(/^[0-9]{6}$/) }]);
  await codes.confirm(user, address.toUpperCase(), lastCode());
  expect(await accounts.contactOwner(address)).toBe(user);
  await codes.confirm(user, address, lastCode());
});

test("nothing is sent to an address that is not the account's", async () => {
  const { codes, sent, user } = await standCodes();
  await codes.request(user, "somebody@example.org");
  await codes.request(userId(uuidv7()), "somebody@example.org");
  expect(sent).toEqual([]);
  await expect(codes.confirm(user, "somebody@example.org", "000000")).rejects.toMatchObject(refused);
});

test(`a code takes ${codeTries} tries, also at once`, async () => {
  const { codes, user, address, lastCode, wrongCode } = await standCodes();
  await codes.request(user, address);
  const wrong = Array.from({ length: codeTries }, () => codes.confirm(user, address, wrongCode()));
  for (const outcome of await Promise.allSettled(wrong)) expect(outcome).toMatchObject({ reason: refused });
  await expect(codes.confirm(user, address, lastCode())).rejects.toMatchObject(refused);
});

test("the last try counts", async () => {
  const { codes, user, address, lastCode, wrongCode } = await standCodes();
  await codes.request(user, address);
  for (let spent = 1; spent < codeTries; spent++) {
    await expect(codes.confirm(user, address, wrongCode())).rejects.toMatchObject(refused);
  }
  await codes.confirm(user, address, lastCode());
});

test("a code lives ten minutes", async () => {
  const { codes, clock, user, address, lastCode } = await standCodes();
  await codes.request(user, address);
  clock.turn(codeLifeMs);
  await expect(codes.confirm(user, address, lastCode())).rejects.toMatchObject(refused);
});

test("another code is sent after a minute, and only the newest is good", async () => {
  const { codes, clock, sent, user, address } = await standCodes();
  await codes.request(user, address);
  clock.turn(resendAfterMs - 1);
  await codes.request(user, address);
  expect(sent).toHaveLength(1);
  clock.turn(1);
  await codes.request(user, address);
  expect(sent).toHaveLength(2);
  const [old, current] = sent.map(({ code }) => code);
  if (old !== current) await expect(codes.confirm(user, address, old ?? "")).rejects.toMatchObject(refused);
  await codes.confirm(user, address, current ?? "");
});

test("a code that could not be handed over does not hold up the next one", async () => {
  const { codes, sender, sent, user, address } = await standCodes();
  const { send } = sender;
  sender.send = () => Promise.reject(new Error("no line"));
  await expect(codes.request(user, address)).rejects.toThrow("no line");
  sender.send = send;
  await codes.request(user, address);
  expect(sent).toHaveLength(1);
});

test("the first to confirm a contact has it; a code is for one account only", async () => {
  const first = await standCodes();
  const second = await standCodes(first.address);
  await first.codes.request(first.user, first.address);
  await second.codes.request(second.user, first.address);
  await expect(second.codes.confirm(first.user, first.address, second.lastCode())).rejects.toMatchObject(refused);
  await first.codes.confirm(first.user, first.address, first.lastCode());
  const late = second.codes.confirm(second.user, first.address, second.lastCode());
  await expect(late).rejects.toMatchObject({ reason: authErrors.CONTACT_TAKEN.reason });
  expect(await first.accounts.contactOwner(first.address)).toBe(first.user);
});
