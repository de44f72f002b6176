import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { decodeProtectedHeader, exportJWK, importJWK, type JWTHeaderParameters, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { createAccessTokens } from "./access-token.ts";
import { createTurnedClock } from "./testing/clock.ts";

const seed = randomBytes(32);
const clock = createTurnedClock();
const ttlMs = 600_000;
const options = { seed, issuer: "https://parley.example", audience: "app", ttlMs, clock: clock.now };
const subject = { userId: userId(uuidv7()), sessionId: sessionId(uuidv7()), deviceId: deviceId(uuidv7()) };
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token names its session until it expires, to the millisecond", async () => {
  const clock = createTurnedClock();
  const tokens = await createAccessTokens({ ...options, clock: clock.now });
  const { token, expiresAt } = await tokens.mint(subject, clock.now());
  expect(expiresAt).toBe(clock.now() + ttlMs);
  clock.turn(ttlMs - 1);
  expect(await tokens.verify(token)).toEqual({ ...subject, expiresAt });
  clock.turn(1);
  await expect(tokens.verify(token)).rejects.toMatchObject({ reason: platformErrors.TOKEN_EXPIRED.reason });
});

test("the same session at the same time gets the same token", async () => {
  const [first, again] = await Promise.all([createAccessTokens(options), createAccessTokens(options)]);
  expect(await first.mint(subject, 5000)).toEqual(await again.mint(subject, 5000));
});

test("anybody verifies a token with the published key", async () => {
  const tokens = await createAccessTokens(options);
  const { token } = await tokens.mint(subject, clock.now());
  const [jwk] = tokens.jwks().keys;
  expect(Object.keys(jwk ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  const key = await importJWK({ ...jwk, kty: "OKP" });
  const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate: new Date(clock.now()) });
  expect(protectedHeader).toMatchObject({ alg: "EdDSA", typ: "at+jwt" });
  expect(payload).toMatchObject({ iss: options.issuer, aud: "app", sub: subject.userId, sid: subject.sessionId });
});

describe("refused", async () => {
  const tokens = await createAccessTokens(options);
  const { token } = await tokens.mint(subject, clock.now());
  const [header = "", payload = "", signature = ""] = token.split(".");
  const kid = String(decodeProtectedHeader(token).kid);
  const other = generateKeyPairSync("ed25519");

  const signed = (header: JWTHeaderParameters, claims: object, key = other.privateKey) =>
    new SignJWT({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), ...claims })
      .setProtectedHeader(header)
      .sign(key);
  const minted = async (changed: Partial<typeof options>) =>
    (await (await createAccessTokens({ ...options, ...changed })).mint(subject, clock.now())).token;
  const withPublicKeyAsSecret = (secret: string) => {
    const head = encode({ alg: "HS256", typ: "at+jwt", kid });
    const mac = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
    return `${head}.${payload}.${mac}`;
  };

  test.each<[string, () => Promise<string> | string]>([
    ["garbage", () => "garbage"],
    ["three parts of garbage", () => "a.b.c"],
    ["nothing", () => ""],
    ["alg none", () => `${encode({ alg: "none", typ: "at+jwt", kid })}.${payload}.`],
    ["alg none with the signature", () => `${encode({ alg: "none", typ: "at+jwt", kid })}.${payload}.${signature}`],
    ["HS256 with the public key as secret", () => withPublicKeyAsSecret(JSON.stringify(tokens.jwks().keys[0]))],
    ["another key under its own id", () => minted({ seed: randomBytes(32) })],
    ["another key under this id", () => signed({ alg: "EdDSA", typ: "at+jwt", kid }, {})],
    [
      "another key that the header brings along",
      async () => signed({ alg: "EdDSA", typ: "at+jwt", kid, jwk: await exportJWK(other.publicKey) }, {}),
    ],
    ["another audience", () => minted({ audience: "other" })],
    ["another issuer", () => minted({ issuer: "other" })],
    ["a changed payload", () => `${header}.${encode({ sub: userId(uuidv7()) })}.${signature}`],
    ["no signature", () => `${header}.${payload}.`],
  ])("%s", async (_name, make) => {
    await expect(tokens.verify(await make())).rejects.toMatchObject({ reason: platformErrors.UNAUTHENTICATED.reason });
  });

  test("another typ, no kid, or a missing claim, though signed with the key", async () => {
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
    const good: JWTHeaderParameters = { alg: "EdDSA", typ: "at+jwt", kid };
    expect(await tokens.verify(await signed(good, {}, key))).toMatchObject(subject);
    const forgeries = [
      signed({ ...good, typ: "JWT" }, {}, key),
      signed({ alg: "EdDSA", kid }, {}, key),
      signed({ alg: "EdDSA", typ: "at+jwt" }, {}, key),
      ...["sub", "sid", "dev", "exp"].map((claim) => signed(good, { [claim]: undefined }, key)),
    ];
    for (const forgery of forgeries) {
      await expect(tokens.verify(await forgery)).rejects.toMatchObject({
        reason: platformErrors.UNAUTHENTICATED.reason,
      });
    }
  });
});
