import { expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { standAccounts } from "./testing/accounts.ts";
import { createTurnedClock } from "./testing/clock.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const stand = () => standAccounts(store(), createTurnedClock().now);
const person = (subject: string, displayName = subject) => ({ subject, displayName });

test("people have one account each, whoever asks how often, and its first name stays", async () => {
  const { externalAccounts, profiles } = stand();
  const issuer = uuidv7();
  const [users] = await Promise.all([
    externalAccounts(issuer, [person("a", "first"), person("b"), person("a", "second")]),
    externalAccounts(issuer, [person("b")]),
  ]);
  expect(users[2]).toBe(users[0]);
  expect(await externalAccounts(issuer, [person("b", "later"), person("a", "later")])).toEqual([users[1], users[0]]);
  expect(profiles.get(users[0] ?? "")?.displayName).toBe("first");
  expect(profiles.size).toBe(2);
});

test("the same name at another issuer is somebody else, and case counts", async () => {
  const { externalAccounts } = stand();
  const issuer = uuidv7();
  const [lower, upper] = await externalAccounts(issuer, [person("nick"), person("Nick")]);
  const [other] = await externalAccounts(uuidv7(), [person("nick")]);
  expect(new Set([lower, upper, other]).size).toBe(3);
});

test("what a failure left half-done is completed by the repetition", async () => {
  const { externalAccounts, profiles, failOnce, accounts } = stand();
  const people = [person("a"), person("b")];
  const issuer = uuidv7();
  failOnce();
  await expect(externalAccounts(issuer, people)).rejects.toThrow("away");
  const users = await externalAccounts(issuer, people);
  expect([...profiles.keys()].sort()).toEqual([...users].sort());
  expect(await accounts.readMany(users)).toHaveLength(2);
});
