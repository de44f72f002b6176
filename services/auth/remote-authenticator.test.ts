import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { streamAgeMs } from "#platform/rpc/authenticator.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { until } from "#platform/testing/until.ts";
import { maxTokenLength, patienceMs, sessionCheckMs, sessionGraceMs } from "./authenticator.ts";
import { bearer, standRemote } from "./testing/remote.ts";
import { accessTtlMs } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";

const store = useAuthStore();
const dir = mkdtempSync(join(tmpdir(), "parley-remote-authenticator-"));
afterAll(() => rmSync(dir, { recursive: true }));

const stand = () => standRemote(store(), dir);
const revoked = { reason: platformErrors.SESSION_REVOKED.reason };
const expired = { reason: platformErrors.TOKEN_EXPIRED.reason };
/** What has the form of an operator key, and is none. */
const wrongKey = `pko_${"A".repeat(43)}`;

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
    const failing = Array.from({ length: 4 }, () => remote.authenticate(bearer(wrongKey)));
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
  await expect(remote.authenticate(bearer(ended.access.token))).rejects.toMatchObject(revoked);
  clock.turn(sessionGraceMs - sessionCheckMs);
  await expect(remote.authenticate(bearer(known.access.token))).rejects.toMatchObject(unreachable);
});

test("a call that begins a stream is not let in by what was known some time ago", async () => {
  const { remote, sessions, signIn, clock, asked } = await stand();
  const { row, access } = await signIn();
  await remote.authenticate(bearer(access.token));
  await remote.authenticate(bearer(access.token), streamAgeMs);
  expect(asked()).toBe(1);
  await sessions.end(row.userId, row.sessionId);
  clock.turn(streamAgeMs);
  await expect(remote.authenticate(bearer(access.token))).resolves.toMatchObject({ kind: "user" });
  await expect(remote.authenticate(bearer(access.token), streamAgeMs)).rejects.toMatchObject(revoked);
  await expect(remote.authenticate(bearer(access.token))).rejects.toMatchObject(revoked);
});

test("nobody who is believed waits long for an answer, and what it says in the end holds", async () => {
  const { remote, sessions, signIn, clock, asked, hold } = await stand();
  const [known, unseen] = [await signIn(), await signIn()];
  await remote.authenticate(bearer(known.access.token));
  clock.turn(sessionCheckMs);
  const release = hold();
  const stranger = remote.authenticate(bearer(unseen.access.token));
  const start = performance.now();
  expect(await remote.authenticate(bearer(known.access.token))).toMatchObject({ userId: known.row.userId });
  const waited = performance.now() - start;
  expect(waited).toBeLessThan(2 * patienceMs);
  // Until it is time to ask again, others don't wait at all.
  const before = asked();
  for (let call = 0; call < 10; call++) await remote.authenticate(bearer(known.access.token));
  expect([performance.now() - start - waited < patienceMs, asked()]).toEqual([true, before]);
  await sessions.end(known.row.userId, known.row.sessionId);
  release();
  expect(await stranger).toMatchObject({ userId: unseen.row.userId });
  await until(() =>
    remote.authenticate(bearer(known.access.token)).then(
      () => "still let in",
      ({ reason }) => (reason === revoked.reason ? "" : "another failure"),
    ),
  );
});

test("a token that has expired is believed no more, whoever can be asked", async () => {
  const { remote, signIn, clock, goAway } = await stand();
  const { access } = await signIn();
  clock.turn(access.expiresAt - clock.now() - sessionCheckMs - 1000);
  await remote.authenticate(bearer(access.token));
  goAway();
  clock.turn(sessionCheckMs);
  expect(await remote.authenticate(bearer(access.token))).toMatchObject({ kind: "user" });
  clock.turn(1000);
  await expect(remote.authenticate(bearer(access.token))).rejects.toMatchObject(expired);
});
