import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { streamAgeMs } from "#platform/rpc/authenticator.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { createAuthenticator, maxTokenLength, patienceMs, sessionCheckMs, sessionGraceMs } from "./authenticator.ts";
import { openOperatorKey } from "./operator-key.ts";
import { createSqliteSessions } from "./stores/session-store-sqlite.ts";
import { standAccounts } from "./testing/accounts.ts";
import { startTestIssuer, type TestIssuer } from "./testing/issuer.ts";
import { accessTtlMs, newDevice, standSessions } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";
import { createTrustedIssuer } from "./trusted-issuer.ts";

const store = useAuthStore();
const dir = mkdtempSync(join(tmpdir(), "parley-authenticator-"));
const keyPath = join(dir, "operator.key");
const unauthenticated = { reason: platformErrors.UNAUTHENTICATED.reason };
const revoked = { reason: platformErrors.SESSION_REVOKED.reason };
const expired = { reason: platformErrors.TOKEN_EXPIRED.reason };
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterAll(async () => {
  await issuer.stop();
  rmSync(dir, { recursive: true });
});

async function stand() {
  const stood = await standSessions(store());
  stood.clock.turn(Date.now() - stood.clock.now());
  const now = stood.clock.now;
  const trustedIssuer = createTrustedIssuer(issuer, standAccounts(store(), now).externalAccounts, now);
  const operatorKey = openOperatorKey(keyPath);
  let verified = 0;
  const accessTokens: typeof stood.accessTokens = {
    ...stood.accessTokens,
    verify(token) {
      verified++;
      return stood.accessTokens.verify(token);
    },
  };
  let isAway = false;
  let held = Promise.resolve();
  const sessions: typeof stood.sessions = {
    ...stood.sessions,
    isLive: async (...of) => {
      await held;
      return isAway ? Promise.reject(new Error("the store is away")) : stood.sessions.isLive(...of);
    },
  };
  const authenticator = createAuthenticator({
    ...stood,
    sessions,
    accessTokens,
    clock: now,
    operatorKey,
    trustedIssuer,
  });
  const authenticate = (token: string, deviceId?: string) =>
    authenticator.authenticate({ authorization: `Bearer ${token}`, deviceId });
  const signIn = () => stood.sessions.start(userId(uuidv7()), newDevice());
  return {
    ...stood,
    authenticator,
    authenticate,
    signIn,
    verified: () => verified,
    setAway: (away: boolean) => (isAway = away),
    /** Leaves the store without an answer until what it returns is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
}

test("no header is nobody; the operator's key is the operator; anything else is refused", async () => {
  const { authenticator, authenticate } = await stand();
  const key = readFileSync(keyPath, "utf8").trim();
  expect(await authenticator.authenticate({ authorization: undefined, deviceId: undefined })).toEqual({
    kind: "anonymous",
  });
  expect(await authenticate(key)).toEqual({ kind: "operator" });
  for (const authorization of ["", "Bearer", "Bearer ", `Basic ${key}`, key, `Bearer ${key} x`, "Bearer garbage"]) {
    await expect(authenticator.authenticate({ authorization, deviceId: undefined })).rejects.toMatchObject(
      unauthenticated,
    );
  }
  for (const token of ["pko_", "pko_x", `${key}x`, key.slice(0, -1), "x".repeat(maxTokenLength + 1)]) {
    await expect(authenticate(token)).rejects.toMatchObject(unauthenticated);
  }
});

test("an access token is its session until it expires", async () => {
  const { authenticate, signIn, clock } = await stand();
  const { row, access } = await signIn();
  const { userId, deviceId, sessionId } = row;
  expect(await authenticate(access.token)).toEqual({ kind: "user", userId, deviceId, sessionId });
  const spoofed = await authenticate(access.token, uuidv7());
  expect(spoofed).toEqual({ kind: "user", userId, deviceId, sessionId });
  clock.turn(accessTtlMs + 1000);
  await expect(authenticate(access.token)).rejects.toMatchObject(expired);
  await expect(authenticate(access.token)).rejects.toMatchObject(expired);
});

test("calls that come together share the verification of their token, and a failure is not remembered", async () => {
  const { authenticate, signIn, sessions, verified } = await stand();
  const { row, access } = await signIn();
  const together = (token: string) => Promise.allSettled(Array.from({ length: 4 }, () => authenticate(token)));
  const { userId } = row;
  for (const call of await together(access.token)) expect(call).toMatchObject({ value: { kind: "user", userId } });
  expect(verified()).toBe(1);
  await sessions.end(row.userId, row.sessionId);
  for (const call of await together(access.token)) expect(call).toMatchObject({ reason: revoked });
  for (const times of [2, 3]) {
    for (const call of await together("garbage")) expect(call).toMatchObject({ reason: unauthenticated });
    expect(verified()).toBe(times);
  }
});

test("a token is refused at once when its session ends, also where it was just accepted", async () => {
  const { authenticate, signIn, sessions } = await stand();
  const [known, unseen] = [await signIn(), await signIn()];
  await authenticate(known.access.token);
  for (const { row, access } of [known, unseen]) {
    await sessions.end(row.userId, row.sessionId);
    await expect(authenticate(access.token)).rejects.toMatchObject(revoked);
  }
});

test(`an end that the bus did not tell is noticed within ${sessionCheckMs} ms`, async () => {
  const { authenticate, signIn, clock } = await stand();
  const { row, access } = await signIn();
  await authenticate(access.token);
  await createSqliteSessions(store()).end(row.userId, row.sessionId, clock.now(), clock.now() + accessTtlMs);
  clock.turn(sessionCheckMs);
  await expect(authenticate(access.token)).rejects.toMatchObject(revoked);
});

test("what was known some time ago does not do for who asks for less", async () => {
  const { authenticator, signIn, clock } = await stand();
  const { row, access } = await signIn();
  const authenticate = (mostAgeMs?: number) =>
    authenticator.authenticate({ authorization: `Bearer ${access.token}`, deviceId: undefined }, mostAgeMs);
  await authenticate();
  await createSqliteSessions(store()).end(row.userId, row.sessionId, clock.now(), clock.now() + accessTtlMs);
  clock.turn(streamAgeMs - 1);
  await authenticate(streamAgeMs);
  clock.turn(1);
  await authenticate();
  await expect(authenticate(streamAgeMs)).rejects.toMatchObject(revoked);
});

test("a session that was seen to live is believed for a while where the store can't be asked", async () => {
  const { authenticate, signIn, clock, setAway, sessions } = await stand();
  const [known, unseen] = [await signIn(), await signIn()];
  await authenticate(known.access.token);
  setAway(true);
  await expect(authenticate(unseen.access.token)).rejects.toThrow("the store is away");
  for (const ms of [sessionCheckMs, sessionGraceMs - sessionCheckMs - 1]) {
    clock.turn(ms);
    expect(await authenticate(known.access.token)).toMatchObject({ userId: known.row.userId });
  }
  clock.turn(1);
  await expect(authenticate(known.access.token)).rejects.toThrow("the store is away");
  setAway(false);
  await authenticate(known.access.token);
  setAway(true);
  clock.turn(sessionCheckMs);
  await sessions.end(known.row.userId, known.row.sessionId);
  await expect(authenticate(known.access.token)).rejects.toMatchObject(revoked);
});

test("nobody who is believed waits long for the store, and what it says in the end holds", async () => {
  const { authenticate, signIn, clock, hold } = await stand();
  const { row, access } = await signIn();
  await authenticate(access.token);
  clock.turn(sessionCheckMs);
  const release = hold();
  const start = performance.now();
  for (let call = 0; call < 3; call++) expect(await authenticate(access.token)).toMatchObject({ userId: row.userId });
  expect(performance.now() - start).toBeLessThan(2 * patienceMs);
  await createSqliteSessions(store()).end(row.userId, row.sessionId, clock.now(), clock.now() + accessTtlMs);
  release();
  await until(() =>
    authenticate(access.token).then(
      () => "still let in",
      ({ reason }) => (reason === revoked.reason ? "" : "another failure"),
    ),
  );
});

test("a token whose session is not in the store is refused", async () => {
  const { authenticate, accessTokens, signIn, clock } = await stand();
  const { row } = await signIn();
  const { token } = await accessTokens.mint({ ...row, userId: userId(uuidv7()) }, clock.now());
  await expect(authenticate(token)).rejects.toMatchObject(revoked);
});

test("a trusted issuer's token is its user, on the device that the call names", async () => {
  const { authenticate, sessions } = await stand();
  const [token, device] = [await issuer.sign({ sub: "random", sid: uuidv7() }), uuidv7()];
  const plain = await authenticate(token);
  const named = await authenticate(token, device.toUpperCase());
  if (plain.kind !== "user" || named.kind !== "user") throw new Error("not a user");
  expect(named).toEqual({ ...plain, deviceId: device });
  expect(plain.deviceId).not.toBe(device);
  const bad = authenticate(token, "mine");
  await expect(bad).rejects.toMatchObject({ reason: platformErrors.INVALID_ARGUMENT.reason });
  await sessions.end(plain.userId, plain.sessionId);
  await expect(authenticate(token)).rejects.toMatchObject(revoked);
});

test("closed, it hears no more, and closing twice is harmless", async () => {
  const { authenticator, authenticate, signIn, sessions, clock } = await stand();
  const { row, access } = await signIn();
  await authenticate(access.token);
  authenticator.close();
  authenticator.close();
  await sessions.end(row.userId, row.sessionId);
  expect(await authenticate(access.token)).toMatchObject({ kind: "user" });
  clock.turn(sessionCheckMs);
  await expect(authenticate(access.token)).rejects.toMatchObject(revoked);
});
