import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { sessionCheckMs } from "./authenticator.ts";
import { questionMs } from "./question.ts";
import { startTestIssuer, type TestIssuer } from "./testing/issuer.ts";
import { bearer, standRemote } from "./testing/remote.ts";
import { standSessions } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";
import { clockToleranceSeconds } from "./trusted-issuer.ts";

const store = useAuthStore();
const dir = mkdtempSync(join(tmpdir(), "parley-asking-"));
const unauthenticated = { reason: platformErrors.UNAUTHENTICATED.reason };
const expired = { reason: platformErrors.TOKEN_EXPIRED.reason };
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  await issuer.stop();
  rmSync(dir, { recursive: true });
});

/** A token that names this issuer and key, signed by nobody who is known. */
const forged = (iss: string, kid: string) =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid })
    .setIssuer(iss)
    .setAudience("parley")
    .sign(new Uint8Array(32));

test("what can be no token, or of nobody who is accepted, is refused without asking about it", async () => {
  const { remote, accessTokens, asked, readings } = await standRemote(store(), dir, issuer);
  const ownKey = accessTokens.jwks().keys[0]?.kid ?? "";
  const tokens = ["garbage", "a.b.c", "pko_", `pko_${"A".repeat(44)}`, await forged("parley", ownKey)];
  for (const token of tokens) await expect(remote.authenticate(bearer(token))).rejects.toMatchObject(unauthenticated);
  expect([asked(), readings()]).toEqual([0, 1]);
  const strangers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => forged(n % 2 ? "parley" : `https://nobody${n}`, `key ${n}`)),
  );
  const outcomes = await Promise.allSettled(strangers.map((token) => remote.authenticate(bearer(token))));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: unauthenticated });
  expect([asked(), readings()]).toEqual([0, 2]);
});

test("users of the trusted issuer are asked about, and believed no longer than their token", async () => {
  const { remote, clock, asked, goAway } = await standRemote(store(), dir, issuer);
  const token = await issuer.sign({ sub: "ford", exp: Math.floor(clock.now() / 1000) + 1 });
  expect(await remote.authenticate(bearer(token))).toMatchObject({ kind: "user" });
  await expect(remote.authenticate(bearer(await forged(issuer.issuer, "EdDSA")))).rejects.toMatchObject(
    unauthenticated,
  );
  expect(asked()).toBe(2);
  clock.turn(clockToleranceSeconds * 1000 - sessionCheckMs);
  await remote.authenticate(bearer(token));
  goAway();
  clock.turn(sessionCheckMs);
  expect(await remote.authenticate(bearer(token))).toMatchObject({ kind: "user" });
  clock.turn(1000);
  await expect(remote.authenticate(bearer(token))).rejects.toMatchObject(expired);
});

test("a key that was replaced is noticed when a token of the new one comes; the old one's are refused", async () => {
  const { remote, signIn, startAgain } = await standRemote(store(), dir);
  const [before, known] = [await signIn(), await signIn()];
  await remote.authenticate(bearer(known.access.token));
  const other = await standSessions(store());
  startAgain(other);
  const { row } = await signIn();
  const { token } = await other.accessTokens.mint(row, row.refreshedAt);
  expect(await remote.authenticate(bearer(token))).toMatchObject({ kind: "user", sessionId: row.sessionId });
  expect(remote.jwks()).toEqual(other.accessTokens.jwks());
  await expect(remote.authenticate(bearer(before.access.token))).rejects.toMatchObject(unauthenticated);
});

test("who gets no answer in time hears so, and leaves the place to others", async () => {
  const { remote, signIn, hold } = await standRemote(store(), dir);
  const { access } = await signIn();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  hold();
  const keys = Array.from({ length: 300 }, (_, n) => `pko_${String(n).padStart(43, "0")}`);
  const waiting = Promise.allSettled([access.token, ...keys].map((token) => remote.authenticate(bearer(token))));
  await vi.advanceTimersByTimeAsync(questionMs);
  const outcomes = await waiting;
  const late = { status: "rejected", reason: { reason: platformErrors.DEADLINE.reason } };
  const unreachable = { status: "rejected", reason: { reason: platformErrors.PEER_UNREACHABLE.reason } };
  expect(outcomes.slice(0, 2)).toMatchObject([late, late]);
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  expect(outcomes.at(-1)).toMatchObject(unreachable);
  vi.useRealTimers();
  hold()();
  const key = readFileSync(join(dir, "operator.key"), "utf8").trim();
  expect(await remote.authenticate(bearer(key))).toEqual({ kind: "operator" });
});
