import { createPrivateKey, createPublicKey } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, SignJWT } from "jose";
import {
  type AccessSubject,
  alg,
  createTokenVerifier,
  type SigningKeys,
  type TokenRules,
  typ,
  type VerifyToken,
} from "./token-verifier.ts";

export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch; a whole second. */
  readonly expiresAt: number;
}

/** Signs access tokens (RFC 9068 with EdDSA) and verifies its own. */
export interface AccessTokens {
  /** The token of `subject` made at `issuedAt`; equal input gives equal tokens. */
  mint(subject: AccessSubject, issuedAt: number): Promise<AccessToken>;
  readonly verify: VerifyToken;
  /** The public key, for whoever wants to verify without asking. */
  jwks(): SigningKeys;
}

export interface AccessTokenOptions extends TokenRules {
  /** Seed of the Ed25519 key, 32 bytes. */
  readonly seed: Uint8Array;
  readonly ttlMs: number;
}

/** What stands before the seed in PKCS #8 (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

export async function createAccessTokens(options: AccessTokenOptions): Promise<AccessTokens> {
  const { issuer, audience, ttlMs } = options;
  const der = Buffer.concat([pkcs8Prefix, options.seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const jwk = await exportJWK(createPublicKey(privateKey));
  const kid = await calculateJwkThumbprint(jwk);
  const keys = { keys: [{ ...jwk, kid, alg, use: "sig" }] };

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
    verify: createTokenVerifier(keys, options),
    jwks: () => keys,
  };
}
