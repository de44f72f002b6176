import { createPrivateKey, createPublicKey } from "node:crypto";
import { calculateJwkThumbprint, errors, exportJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type DeviceId, deviceId, type SessionId, sessionId, type UserId, userId } from "#platform/runtime/ids.ts";

/** Whom an access token speaks for. */
export interface AccessSubject {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly deviceId: DeviceId;
}

export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch; a whole second. */
  readonly expiresAt: number;
}

/** Signs access tokens (RFC 9068 with EdDSA) and verifies its own. */
export interface AccessTokens {
  /** The token of `subject` made at `issuedAt`; equal input gives equal tokens. */
  mint(subject: AccessSubject, issuedAt: number): Promise<AccessToken>;
  /** Throws TOKEN_EXPIRED for an own token that is past its time, UNAUTHENTICATED for all others. */
  verify(token: string): Promise<AccessSubject & { readonly expiresAt: number }>;
  /** The public key, for whoever wants to verify without asking. */
  jwks(): { keys: object[] };
}

export interface AccessTokenOptions {
  /** Seed of the Ed25519 key, 32 bytes. */
  readonly seed: Uint8Array;
  readonly issuer: string;
  readonly audience: string;
  readonly ttlMs: number;
  readonly clock: Clock;
}

const alg = "EdDSA";
const typ = "at+jwt";
/** What stands before the seed in PKCS #8 (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

export async function createAccessTokens(options: AccessTokenOptions): Promise<AccessTokens> {
  const { issuer, audience, ttlMs, clock } = options;
  const der = Buffer.concat([pkcs8Prefix, options.seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);

  function keyOf(header: { kid?: string }) {
    if (header.kid !== kid) throw new errors.JWKSNoMatchingKey();
    return publicKey;
  }

  return {
    async mint(subject, issuedAt) {
      const expiry = Math.ceil((issuedAt + ttlMs) / 1000);
      const token = await new SignJWT({ sid: subject.sessionId, dev: subject.deviceId })
        .setProtectedHeader({ alg, typ, kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject.userId)
        .setIssuedAt(Math.floor(issuedAt / 1000))
        .setExpirationTime(expiry)
        .sign(privateKey);
      return { token, expiresAt: expiry * 1000 };
    },
    async verify(token) {
      try {
        const rules = { algorithms: [alg], typ, issuer, audience, currentDate: new Date(clock()) };
        return readClaims((await jwtVerify(token, keyOf, rules)).payload);
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw platformErrors.TOKEN_EXPIRED();
        throw platformErrors.UNAUTHENTICATED({ cause: error });
      }
    },
    jwks: () => ({ keys: [{ ...jwk, kid, alg, use: "sig" }] }),
  };
}

function readClaims({ sub, sid, dev, exp }: JWTPayload): AccessSubject & { expiresAt: number } {
  if (typeof sub !== "string" || typeof sid !== "string" || typeof dev !== "string" || exp === undefined) {
    throw new errors.JWTInvalid("a claim is missing");
  }
  return { userId: userId(sub), sessionId: sessionId(sid), deviceId: deviceId(dev), expiresAt: exp * 1000 };
}
