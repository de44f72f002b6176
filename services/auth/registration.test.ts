import { expect, test } from "vitest";
import { clientId, deviceId, uuidv7 } from "#platform/runtime/ids.ts";
import { authErrors } from "./errors.ts";
import { createPasswords } from "./password.ts";
import { createRegistration, type RegistrationWish } from "./registration.ts";
import { standAccounts } from "./testing/accounts.ts";
import { createTurnedClock } from "./testing/clock.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const { signal } = new AbortController();
const taken = { reason: authErrors.HANDLE_TAKEN.reason };
const reusedId = { reason: authErrors.CLIENT_ID_REUSED.reason };

async function stand() {
  const clock = createTurnedClock();
  const stood = standAccounts(store(), clock.now);
  const register = createRegistration({ ...stood, passwords: await createPasswords(), clock: clock.now });
  return { ...stood, register, clock };
}

const newKey = () => ({ deviceId: deviceId(uuidv7()), clientId: clientId(uuidv7()) });
const newHandle = () => `h${uuidv7().replaceAll("-", "").slice(-16)}`;
const wish = (changed: Partial<RegistrationWish> = {}): RegistrationWish => ({
  handle: newHandle(),
  phone: "",
  email: "",
  displayName: "",
  password: "dont panic",
  ...changed,
});

test("a call that is repeated, later or at once, makes one account", async () => {
  const { register, profiles, accounts, clock } = await stand();
  const [key, wanted] = [newKey(), wish({ email: `${uuidv7()}@example.org` })];
  const users = await Promise.all([1, 2, 3].map(() => register(key, wanted, signal)));
  clock.turn(1);
  users.push(await register(key, wanted, signal));
  expect(await accounts.candidates(wanted.email, 5)).toEqual([users[0]]);
  expect(new Set(users).size).toBe(1);
  expect([...profiles.values()]).toEqual([{ userId: users[0], displayName: wanted.handle }]);
});

test("the same client id with other content, the password included, is refused", async () => {
  const { register } = await stand();
  const [key, wanted] = [newKey(), wish()];
  const user = await register(key, wanted, signal);
  for (const change of [
    { handle: newHandle() },
    { displayName: "x" },
    { email: "a@b.example" },
    { password: "other one" },
  ]) {
    await expect(register(key, { ...wanted, ...change }, signal)).rejects.toMatchObject(reusedId);
  }
  const otherDevice = { ...newKey(), clientId: key.clientId };
  expect(await register(otherDevice, wish(), signal)).not.toBe(user);
});

test("a handle has one owner, and being refused leaves no trace", async () => {
  const { register, accounts } = await stand();
  const [handle, key, rivals] = [newHandle(), newKey(), [newKey(), newKey(), newKey()]];
  const outcomes = await Promise.allSettled(rivals.map((each) => register(each, wish({ handle }), signal)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: taken }, { reason: taken }]);
  const registrations = await Promise.all(rivals.map((each) => accounts.registration(each)));
  expect(registrations.filter(Boolean)).toHaveLength(1);
  await expect(register(key, wish({ handle }), signal)).rejects.toMatchObject(taken);
  expect(await accounts.registration(key)).toBeUndefined();
  expect(await register(key, wish(), signal)).toBeDefined();
});

test("what a failure left half-done is completed by the repetition, and not by others", async () => {
  const { register, failOnce, accounts, profiles, clock } = await stand();
  const [key, wanted] = [newKey(), wish({ email: `${uuidv7()}@example.org` })];
  failOnce();
  await expect(register(key, wanted, signal)).rejects.toThrow("away");
  clock.turn(1);
  expect(profiles.size).toBe(0);
  await expect(register(newKey(), wish({ handle: wanted.handle }), signal)).rejects.toMatchObject(taken);
  const user = await register(key, wanted, signal);
  expect(await accounts.read(user)).toMatchObject({ handle: wanted.handle });
  expect(await accounts.candidates(wanted.email, 5)).toEqual([user]);
});

test("contacts reserve nothing", async () => {
  const { register, accounts } = await stand();
  const email = `${uuidv7()}@example.org`;
  const users = [
    await register(newKey(), wish({ handle: "", email }), signal),
    await register(newKey(), wish({ handle: "", email }), signal),
  ];
  expect(new Set(users).size).toBe(2);
  expect(await accounts.contactOwner(email)).toBeUndefined();
});
