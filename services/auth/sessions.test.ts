import fc from "fast-check";
import { expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { clientId, deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { authErrors } from "./errors.ts";
import { repeatWindowMs } from "./rotation.ts";
import { maxSessions } from "./starting.ts";
import { accessTtlMs, newDevice, refreshTtlMs, sessionMaxMs, standSessions } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";
import { longestTrustedMs } from "./trusted-issuer.ts";

const store = useAuthStore();
const newUser = () => userId(uuidv7());
const newCall = () => clientId(uuidv7());
const refused = { reason: authErrors.REFRESH_REFUSED.reason };
const reused = { reason: authErrors.REFRESH_REUSED.reason };

test("a refresh token is good once", async () => {
  const { sessions, ended, clock } = await standSessions(store());
  const first = await sessions.start(newUser(), newDevice());
  const second = await sessions.refresh(first.refreshToken, newCall());
  const third = await sessions.refresh(second.refreshToken, newCall());
  expect(third.row.sessionId).toBe(first.row.sessionId);
  expect(new Set([first, second, third].map((issued) => issued.refreshToken)).size).toBe(3);
  clock.turn(1);
  await expect(sessions.refresh(first.refreshToken, newCall())).rejects.toMatchObject(reused);
  expect(ended).toEqual([first.row.sessionId]);
  await expect(sessions.refresh(third.refreshToken, newCall())).rejects.toMatchObject(refused);
  await expect(sessions.refresh(first.refreshToken, newCall())).rejects.toMatchObject(refused);
  expect(await sessions.isLive(first.row.userId, first.row.sessionId)).toBe(false);
});

test("each session may refresh so often, and keeps no other from it", async () => {
  const { sessions } = await standSessions(store(), 2);
  const [busy, other] = [await sessions.start(newUser(), newDevice()), await sessions.start(newUser(), newDevice())];
  let { refreshToken } = busy;
  for (let round = 0; round < 2; round++) ({ refreshToken } = await sessions.refresh(refreshToken, newCall()));
  const limited = { reason: platformErrors.RATE_LIMITED.reason, retryable: true };
  await expect(sessions.refresh(refreshToken, newCall())).rejects.toMatchObject(limited);
  await sessions.refresh(other.refreshToken, newCall());
  expect(await sessions.isLive(busy.row.userId, busy.row.sessionId)).toBe(true);
});

test("a caller whose answer was lost gets the same pair for 10 s", async () => {
  const { sessions, clock } = await standSessions(store());
  const { refreshToken } = await sessions.start(newUser(), newDevice());
  const call = newCall();
  const answer = await sessions.refresh(refreshToken, call);
  clock.turn(repeatWindowMs);
  expect(await sessions.refresh(refreshToken, call)).toEqual(answer);
  clock.turn(1);
  await expect(sessions.refresh(refreshToken, call)).rejects.toMatchObject(reused);
});

test("a repetition counts only until the next token is used", async () => {
  const { sessions } = await standSessions(store());
  const { refreshToken } = await sessions.start(newUser(), newDevice());
  const call = newCall();
  const next = await sessions.refresh(refreshToken, call);
  await sessions.refresh(next.refreshToken, newCall());
  await expect(sessions.refresh(refreshToken, call)).rejects.toMatchObject(reused);
});

test("of two refreshes at once: the same call gets one pair, two calls end the session", async () => {
  const { sessions, ended } = await standSessions(store());
  const a = await sessions.start(newUser(), newDevice());
  const call = newCall();
  const [one, two] = await Promise.all([1, 2].map(() => sessions.refresh(a.refreshToken, call)));
  expect(one).toEqual(two);
  expect(ended).toEqual([]);

  const b = await sessions.start(newUser(), newDevice());
  const outcomes = await Promise.allSettled([1, 2].map(() => sessions.refresh(b.refreshToken, newCall())));
  expect(outcomes.filter((outcome) => outcome.status === "rejected")).toMatchObject([{ reason: reused }]);
  expect(ended).toEqual([b.row.sessionId]);
});

test("a session that is not refreshed in its time ends by itself", async () => {
  const { sessions, clock } = await standSessions(store());
  const first = await sessions.start(newUser(), newDevice());
  clock.turn(refreshTtlMs - 1);
  const second = await sessions.refresh(first.refreshToken, newCall());
  clock.turn(refreshTtlMs);
  await expect(sessions.refresh(second.refreshToken, newCall())).rejects.toMatchObject(refused);
  expect(await sessions.list(first.row.userId)).toEqual([]);
});

test("a session that is refreshed all the time ends, too", async () => {
  const { sessions, clock } = await standSessions(store());
  const { row, refreshToken } = await sessions.start(newUser(), newDevice());
  let token = refreshToken;
  for (let time = refreshTtlMs - 1; time < sessionMaxMs; time += refreshTtlMs - 1) {
    clock.turn(refreshTtlMs - 1);
    const { refreshToken, row: refreshed } = await sessions.refresh(token, newCall());
    expect(refreshed.expiresAt).toBe(Math.min(clock.now() + refreshTtlMs, row.createdAt + sessionMaxMs));
    token = refreshToken;
  }
  clock.turn(row.createdAt + sessionMaxMs - clock.now());
  expect(await sessions.isLive(row.userId, row.sessionId)).toBe(false);
  await expect(sessions.refresh(token, newCall())).rejects.toMatchObject(refused);
});

test("tokens that were never made are refused and end nothing", async () => {
  const [mine, others] = await Promise.all([standSessions(store()), standSessions(store())]);
  const user = newUser();
  const { row, refreshToken } = await mine.sessions.start(user, newDevice());
  for (const token of ["garbage", "", refreshToken.slice(0, -1), `${refreshToken.slice(0, -4)}AAAA`]) {
    await expect(mine.sessions.refresh(token, newCall())).rejects.toMatchObject(refused);
  }
  await expect(others.sessions.refresh(refreshToken, newCall())).rejects.toMatchObject(refused);
  expect(await mine.sessions.isLive(user, row.sessionId)).toBe(true);
});

test("a device that signs in again replaces its session; other devices and users keep theirs", async () => {
  const { sessions, ended } = await standSessions(store());
  const [user, device] = [newUser(), newDevice()];
  const first = await sessions.start(user, device);
  const elsewhere = await sessions.start(user, newDevice());
  const somebody = await sessions.start(newUser(), device);
  const again = await sessions.start(user, device);
  expect(ended).toEqual([first.row.sessionId]);
  expect((await sessions.list(user)).map((row) => row.sessionId).sort()).toEqual(
    [elsewhere.row.sessionId, again.row.sessionId].sort(),
  );
  expect(await sessions.isLive(somebody.row.userId, somebody.row.sessionId)).toBe(true);
});

test("log-ins at once on one device leave the newest session", async () => {
  const { sessions } = await standSessions(store());
  const [user, device] = [newUser(), newDevice()];
  for (let round = 0; round < 5; round++) {
    const issued = await Promise.all([1, 2, 3].map(() => sessions.start(user, device)));
    const living = await sessions.list(user);
    expect(living).toHaveLength(1);
    expect(issued.map(({ row }) => row.sessionId)).toContain(living[0]?.sessionId);
  }
});

test("a device that signs in again while the clock goes back has the later session", async () => {
  const { sessions, clock } = await standSessions(store());
  const [user, device] = [newUser(), newDevice()];
  await sessions.start(user, device);
  clock.turn(-60_000);
  const { row } = await sessions.start(user, device);
  expect((await sessions.list(user)).map(({ sessionId }) => sessionId)).toEqual([row.sessionId]);
});

test("ending is told once, is known until the last access token ends, and touches no other user", async () => {
  const { sessions, ended, clock } = await standSessions(store());
  const { row } = await sessions.start(newUser(), newDevice());
  expect(await sessions.end(newUser(), row.sessionId)).toBe(false);
  expect(await sessions.isLive(row.userId, row.sessionId)).toBe(true);
  expect(await sessions.end(row.userId, row.sessionId)).toBe(true);
  expect(await sessions.end(row.userId, row.sessionId)).toBe(true);
  expect(ended).toEqual([row.sessionId]);
  clock.turn(accessTtlMs);
  await sessions.start(row.userId, newDevice());
  expect(await sessions.end(row.userId, row.sessionId)).toBe(false);
});

test("all others end, the kept one lives", async () => {
  const { sessions, ended } = await standSessions(store());
  const user = newUser();
  const issued = await Promise.all([1, 2, 3].map(() => sessions.start(user, newDevice())));
  const [kept, ...others] = issued.map(({ row }) => row.sessionId);
  await sessions.endOthers(user, kept ?? sessionId(""));
  expect(ended.sort()).toEqual(others.sort());
  expect((await sessions.list(user)).map((row) => row.sessionId)).toEqual([kept]);
});

test(`of more than ${maxSessions} sessions, the one that refreshed longest ago gives way`, async () => {
  const { sessions, ended, clock } = await standSessions(store());
  const user = newUser();
  const oldest = await sessions.start(user, newDevice());
  clock.turn(1);
  const second = await sessions.start(user, newDevice());
  clock.turn(1);
  await sessions.refresh(oldest.refreshToken, newCall());
  for (let count = 2; count < maxSessions; count++) await sessions.start(user, newDevice());
  expect(ended).toEqual([]);
  await sessions.start(user, newDevice());
  expect(ended).toEqual([second.row.sessionId]);
  expect(await sessions.list(user)).toHaveLength(maxSessions);
});

test("a session of another issuer lives as long as its latest token, unless it is ended here", async () => {
  const { sessions, clock } = await standSessions(store());
  const subject = { userId: newUser(), sessionId: sessionId(uuidv7()), deviceId: deviceId(uuidv7()) };
  const start = clock.now();
  expect(await sessions.observe(subject, start + 1000)).toBe(true);
  expect(await sessions.observe(subject, start + 3000)).toBe(true);
  expect(await sessions.observe(subject, start + 2000)).toBe(true);
  clock.turn(2999);
  expect(await sessions.isLive(subject.userId, subject.sessionId)).toBe(true);
  await sessions.end(subject.userId, subject.sessionId);
  expect(await sessions.observe(subject, start + 9000)).toBe(false);

  const other = { ...subject, sessionId: sessionId(uuidv7()) };
  await sessions.observe(other, clock.now() + 1000);
  clock.turn(1000);
  expect(await sessions.isLive(other.userId, other.sessionId)).toBe(false);
});

test("a session of another issuer that was ended does not live again by a token that was not shown before", async () => {
  const { sessions, clock } = await standSessions(store());
  const subject = { userId: newUser(), sessionId: sessionId(uuidv7()), deviceId: deviceId(uuidv7()) };
  const showAnother = async () => {
    await sessions.observe({ ...subject, sessionId: sessionId(uuidv7()) }, clock.now() + 1000);
    return await sessions.observe(subject, clock.now() + 1000);
  };
  await sessions.observe(subject, clock.now() + 1000);
  await sessions.end(subject.userId, subject.sessionId);
  clock.turn(longestTrustedMs - 1);
  expect(await showAnother()).toBe(false);
  clock.turn(1);
  expect(await showAnother()).toBe(true);
});

test("whatever is refreshed, repeated and delayed, at most one holder goes on and any reuse ends the session", async () => {
  const step = fc.record({
    token: fc.nat(),
    call: fc.integer({ min: 0, max: 2 }),
    waitMs: fc.constantFrom(0, 1, repeatWindowMs, repeatWindowMs + 1),
  });
  const calls = [newCall(), newCall(), newCall()];
  const run = async (steps: { token: number; call: number; waitMs: number }[]) => {
    const { sessions, clock } = await standSessions(store());
    const first = await sessions.start(newUser(), newDevice());
    const issued = [first.refreshToken];
    let last = { call: -1, at: 0 };
    let lives = true;
    for (const { token, call, waitMs } of steps) {
      clock.turn(waitMs);
      const index = token % issued.length;
      const isLast = index === issued.length - 1;
      const repeats = index === issued.length - 2 && last.call === call && clock.now() - last.at <= repeatWindowMs;
      const attempt = sessions.refresh(issued[index] ?? "", calls[call] ?? newCall());
      if (lives && isLast) {
        issued.push((await attempt).refreshToken);
        last = { call, at: clock.now() };
      } else if (lives && repeats) {
        expect((await attempt).refreshToken).toBe(issued.at(-1));
      } else {
        await expect(attempt).rejects.toMatchObject(lives ? reused : refused);
        lives = false;
      }
      expect(await sessions.isLive(first.row.userId, first.row.sessionId)).toBe(lives);
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 8 }), run), { numRuns: 40 });
});
