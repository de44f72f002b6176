import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { afterAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { createAsking } from "./asking.ts";
import { createAuthenticator, maxTokenLength, sessionCheckMs, sessionGraceMs } from "./authenticator.ts";
import { openOperatorKey } from "./operator-key.ts";
import { createRemoteAuthenticator } from "./remote-authenticator.ts";
import { authenticateRoutes } from "./routes/authenticate.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { accessTtlMs, newDevice, standSessions } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const dir = mkdtempSync(join(tmpdir(), "parley-remote-authenticator-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** A process that holds accounts, and one beside it whose bus may have lost what the other's said. */
async function stand() {
  const stood = await standSessions(store());
  const operatorKey = openOperatorKey(join(dir, "operator.key"));
  const clock = stood.clock.now;
  const authenticator = createAuthenticator({ ...stood, clock, operatorKey, trustedIssuer: undefined });
  const served = createServed();
  let asked = 0;
  let isAway = false;
  const count = (questions: number) => {
    asked += questions;
    if (isAway) throw platformErrors.STORE_UNREACHABLE();
  };
  const { authenticate, getSigningKeys } = authenticateRoutes({ authenticator });
  const { checkSessions } = sessionRoutes(stood);
  served.add(AuthService, {
    getSigningKeys,
    authenticate: (...call) => {
      count(1);
      return authenticate(...call);
    },
    checkSessions: (request, context) => {
      count(request.sessions.length);
      return checkSessions(request, context);
    },
  });
  const bus = createMemoryBus();
  const auth = createClient(AuthService, createPeerTransport(served));
  const ask = createAsking({ auth, verify: stood.accessTokens.verify, clock });
  const remote = createRemoteAuthenticator({ ask, jwks: authenticator.jwks, bus, clock });
  const signIn = () => stood.sessions.start(userId(uuidv7()), newDevice());
  return { ...stood, bus, remote, signIn, asked: () => asked, goAway: () => (isAway = true) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, deviceId: undefined });

test("who somebody is, is asked once in a while, not for every call", async () => {
  const { remote, signIn, clock, asked } = await stand();
  const { row, access } = await signIn();
  const { userId, deviceId, sessionId } = row;
  for (let call = 0; call < 10; call++) {
    expect(await remote.authenticate(bearer(access.token))).toEqual({ kind: "user", userId, deviceId, sessionId });
  }
  expect(asked()).toBe(1);
  clock.turn(sessionCheckMs);
  await remote.authenticate(bearer(access.token));
  expect(asked()).toBe(2);
  clock.turn(accessTtlMs + 1000);
  const expired = { reason: platformErrors.TOKEN_EXPIRED.reason };
  await expect(remote.authenticate(bearer(access.token))).rejects.toMatchObject(expired);
});

test("calls that come together share one question, and a failure is not remembered", async () => {
  const { remote, signIn, asked } = await stand();
  const [one, other] = [await signIn(), await signIn()];
  const together = (token: string) => Promise.all(Array.from({ length: 4 }, () => remote.authenticate(bearer(token))));
  const [ones, others] = await Promise.all([together(one.access.token), together(other.access.token)]);
  expect(new Set(ones.map((identity) => JSON.stringify(identity))).size).toBe(1);
  expect(ones[0]).toMatchObject({ userId: one.row.userId });
  expect(others[0]).toMatchObject({ userId: other.row.userId });
  expect(asked()).toBe(2);
  const refused = { reason: platformErrors.UNAUTHENTICATED.reason };
  for (const times of [3, 4]) {
    const failing = Array.from({ length: 4 }, () => remote.authenticate(bearer("garbage")));
    for (const call of await Promise.allSettled(failing)) expect(call).toMatchObject({ reason: refused });
    expect(asked()).toBe(times);
  }
});

test("nobody, the operator and what is no token", async () => {
  const { remote, asked } = await stand();
  expect(await remote.authenticate({ authorization: undefined, deviceId: undefined })).toEqual({ kind: "anonymous" });
  expect(asked()).toBe(0);
  const key = readFileSync(join(dir, "operator.key"), "utf8").trim();
  expect(await remote.authenticate(bearer(key))).toEqual({ kind: "operator" });
  const refused = { reason: platformErrors.UNAUTHENTICATED.reason };
  for (const authorization of ["", "Bearer ", "Bearer garbage", `Bearer ${"x".repeat(maxTokenLength + 1)}`]) {
    await expect(remote.authenticate({ authorization, deviceId: undefined })).rejects.toMatchObject(refused);
  }
});

test("a session that ends is refused at once where the bus says so, else when it is asked again", async () => {
  const { remote, sessions, signIn, clock, bus } = await stand();
  const [told, lost] = [await signIn(), await signIn()];
  for (const { access } of [told, lost]) await remote.authenticate(bearer(access.token));
  for (const { row } of [told, lost]) await sessions.end(row.userId, row.sessionId);
  bus.publish("sessions", Buffer.from(told.row.sessionId));
  await new Promise((resolve) => setImmediate(resolve));
  const revoked = { reason: platformErrors.SESSION_REVOKED.reason };
  await expect(remote.authenticate(bearer(told.access.token))).rejects.toMatchObject(revoked);
  await expect(remote.authenticate(bearer(lost.access.token))).resolves.toMatchObject({ kind: "user" });
  clock.turn(sessionCheckMs);
  await expect(remote.authenticate(bearer(lost.access.token))).rejects.toMatchObject(revoked);
});

test("who was known is believed for a while where nobody can be asked, unless the bus says otherwise", async () => {
  const { remote, signIn, clock, bus, asked, goAway } = await stand();
  const [known, ended, unseen] = [await signIn(), await signIn(), await signIn()];
  for (const { access } of [known, ended]) await remote.authenticate(bearer(access.token));
  goAway();
  const unreachable = { reason: platformErrors.STORE_UNREACHABLE.reason };
  await expect(remote.authenticate(bearer(unseen.access.token))).rejects.toMatchObject(unreachable);
  clock.turn(sessionCheckMs);
  const before = asked();
  for (let call = 0; call < 3; call++) await remote.authenticate(bearer(known.access.token));
  expect(asked()).toBe(before + 1);
  bus.publish("sessions", Buffer.from(ended.row.sessionId));
  await new Promise((resolve) => setImmediate(resolve));
  const revoked = { reason: platformErrors.SESSION_REVOKED.reason };
  await expect(remote.authenticate(bearer(ended.access.token))).rejects.toMatchObject(revoked);
  clock.turn(sessionGraceMs - sessionCheckMs);
  await expect(remote.authenticate(bearer(known.access.token))).rejects.toMatchObject(unreachable);
});
