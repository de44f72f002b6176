import { createHmac, generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { standAccounts } from "./testing/accounts.ts";
import { createTurnedClock } from "./testing/clock.ts";
import { issuerAlgorithms, startTestIssuer, type TestIssuer } from "./testing/issuer.ts";
import { useAuthStore } from "./testing/store.ts";
import { clockToleranceSeconds, createTrustedIssuer, maxTokenAgeSeconds } from "./trusted-issuer.ts";

const store = useAuthStore();
const clock = createTurnedClock();
const unauthenticated = { reason: platformErrors.UNAUTHENTICATED.reason };
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer(clock.now);
});
afterAll(() => issuer.stop());

function stand() {
  const accounts = standAccounts(store(), clock.now);
  return { ...accounts, trusted: createTrustedIssuer(issuer, accounts.externalAccounts, clock.now) };
}

test("a user is made at first sight and is the same at every other", async () => {
  const { trusted, profiles } = stand();
  const [first, again, other] = await Promise.all([
    trusted.verify(await issuer.sign({ sub: "ford", name: "Ford Prefect" })),
    trusted.verify(await issuer.sign({ sub: "ford", name: "Somebody else" })),
    trusted.verify(await issuer.sign({ sub: "zaphod" })),
  ]);
  expect(again.userId).toBe(first.userId);
  expect(other.userId).not.toBe(first.userId);
  expect(profiles.get(other.userId)?.displayName).toBe("zaphod");
  expect([...profiles.keys()].sort()).toEqual([first.userId, other.userId].sort());
});

test("what a crash left unfinished is finished at the next sight", async () => {
  const { trusted, profiles, failOnce, accounts } = stand();
  const token = await issuer.sign({ sub: "slartibartfast" });
  failOnce();
  await expect(trusted.verify(token)).rejects.toThrow();
  const { userId } = await trusted.verify(token);
  expect(profiles.has(userId)).toBe(true);
  expect(await accounts.read(userId)).toBeDefined();
});

test("a person's tokens are of one device unless the call names it", async () => {
  const { trusted } = stand();
  const deviceOf = async (claims: Record<string, unknown>) =>
    (await trusted.verify(await issuer.sign(claims))).deviceId;
  expect(await deviceOf({ jti: "a" })).toBe(await deviceOf({ jti: "b" }));
  expect(await deviceOf({})).not.toBe(await deviceOf({ sub: "zaphod" }));
});

test("a session is what sid names, else jti, else the token", async () => {
  const { trusted } = stand();
  const sessionOf = async (claims: object) => (await trusted.verify(await issuer.sign({ ...claims }))).sessionId;
  const exp = Math.floor(clock.now() / 1000) + 60;
  expect(await sessionOf({ sid: "s", jti: "a" })).toBe(await sessionOf({ sid: "s", jti: "b", exp }));
  expect(await sessionOf({ jti: "a" })).toBe(await sessionOf({ jti: "a", exp }));
  expect(await sessionOf({ jti: "a" })).not.toBe(await sessionOf({ jti: "b" }));
  expect(await sessionOf({})).not.toBe(await sessionOf({ exp }));
  expect(await sessionOf({ sid: "s" })).not.toBe(await sessionOf({ sid: "s", sub: "zaphod" }));
  expect(await sessionOf({})).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each(issuerAlgorithms)("tokens signed with %s are accepted", async (algorithm) => {
  const { trusted } = stand();
  expect(await trusted.verify(await issuer.sign({}, algorithm))).toMatchObject({ expiresAt: expect.any(Number) });
});

test("clocks may differ by a minute, no more", async () => {
  const { trusted } = stand();
  const now = Math.floor(clock.now() / 1000);
  const token = await issuer.sign({ exp: now - clockToleranceSeconds + 1 });
  expect(await trusted.verify(token)).toMatchObject({ expiresAt: (now + 1) * 1000 });
  const late = trusted.verify(await issuer.sign({ exp: now - clockToleranceSeconds }));
  await expect(late).rejects.toMatchObject({ reason: platformErrors.TOKEN_EXPIRED.reason });
});

test("a token is accepted for a day after it was issued, whatever it says", async () => {
  const { trusted } = stand();
  const [now, year] = [Math.floor(clock.now() / 1000), 365 * 86_400];
  const issuedAt = (iat: number) => issuer.sign({ iat, exp: now + year });
  const oldest = now - maxTokenAgeSeconds - clockToleranceSeconds;
  expect(await trusted.verify(await issuedAt(now))).toMatchObject({
    expiresAt: (now + maxTokenAgeSeconds + clockToleranceSeconds) * 1000,
  });
  expect(await trusted.verify(await issuedAt(oldest))).toMatchObject({ expiresAt: now * 1000 });
  const late = trusted.verify(await issuedAt(oldest - 1));
  await expect(late).rejects.toMatchObject({ reason: platformErrors.TOKEN_EXPIRED.reason });
  const early = trusted.verify(await issuedAt(now + clockToleranceSeconds + 1));
  await expect(early).rejects.toMatchObject(unauthenticated);
});

test("tokens of others are refused and make nobody", async () => {
  const { trusted, profiles } = stand();
  const { privateKey } = generateKeyPairSync("ed25519");
  const exp = Math.floor(clock.now() / 1000) + 600;
  const claims = { iss: issuer.issuer, aud: "chat", sub: "arthur", iat: exp - 600, exp };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const hs256 = `${part({ alg: "HS256", kid: "EdDSA" })}.${part(claims)}`;
  const jwks = await (await fetch(issuer.jwksUrl)).text();
  const forgeries = [
    `${part({ alg: "none" })}.${part(claims)}.`,
    `${hs256}.${createHmac("sha256", jwks).update(hs256).digest("base64url")}`,
    new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid: "EdDSA" }).sign(privateKey),
    new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid: "unknown" }).sign(privateKey),
    issuer.sign({ aud: "other" }),
    issuer.sign({ iss: "https://other.example" }),
    issuer.sign({ exp: undefined }),
    issuer.sign({ iat: undefined }),
    issuer.sign({ sub: undefined }),
    issuer.sign({ sub: "" }),
    issuer.sign({ sub: 42 }),
    issuer.sign({ sub: "x".repeat(257) }),
    issuer.sign({ nbf: exp }),
    "garbage",
  ];
  for (const forgery of forgeries) await expect(trusted.verify(await forgery)).rejects.toMatchObject(unauthenticated);
  expect(profiles.size).toBe(0);
});

test("while the keys can't be had, nobody is told that their token is bad", async () => {
  const { externalAccounts } = stand();
  const away = await startTestIssuer(clock.now);
  const trusted = createTrustedIssuer(away, externalAccounts, clock.now);
  const token = await away.sign({});
  await away.stop();
  await expect(trusted.verify(token)).rejects.toMatchObject({
    reason: platformErrors.STOPPING.reason,
    retryable: true,
  });
});

test("names are cut to what a profile holds, between characters", async () => {
  const { trusted, profiles } = stand();
  const { userId } = await trusted.verify(await issuer.sign({ sub: "eddie", name: `x${"😀".repeat(40)}` }));
  expect(profiles.get(userId)?.displayName).toBe(`x${"😀".repeat(31)}`);
});
