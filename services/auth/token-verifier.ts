import { createPublicKey } from "node:crypto";
import { errors, type JWK, type JWTPayload, jwtVerify } from "jose";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type DeviceId, deviceId, type SessionId, sessionId, type UserId, userId } from "#platform/runtime/ids.ts";

/** Whom an access token speaks for. */
export interface AccessSubject {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly deviceId: DeviceId;
}

/** Whom a verified token speaks for, and until when: milliseconds since the epoch. */
export interface VerifiedToken extends AccessSubject {
  readonly expiresAt: number;
}

/** Throws TOKEN_EXPIRED for an own token that is past its time, UNAUTHENTICATED for all others. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>;

/** A set of public keys (RFC 7517). */
export interface SigningKeys {
  readonly keys: JWK[];
}

/** What tokens of this installation say. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
}

export const alg = "EdDSA";
export const typ = "at+jwt";

/** Verifies the access tokens that were signed with one of the keys; whoever has these needs to ask nobody. */
export function createTokenVerifier(jwks: SigningKeys, { issuer, audience, clock }: TokenRules): VerifyToken {
  const keys = new Map(jwks.keys.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
  const keyOf = ({ kid }: { readonly kid?: string }) => {
    const key = kid === undefined ? undefined : keys.get(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  };
  return async (token) => {
    try {
      const rules = { algorithms: [alg], typ, issuer, audience, currentDate: new Date(clock()) };
      return readClaims((await jwtVerify(token, keyOf, rules)).payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw platformErrors.TOKEN_EXPIRED();
      throw platformErrors.UNAUTHENTICATED({ cause: error });
    }
  };
}

function readClaims({ sub, sid, dev, exp }: JWTPayload): VerifiedToken {
  if (typeof sub !== "string" || typeof sid !== "string" || typeof dev !== "string" || exp === undefined) {
    throw new errors.JWTInvalid("a claim is missing");
  }
  return { userId: userId(sub), sessionId: sessionId(sid), deviceId: deviceId(dev), expiresAt: exp * 1000 };
}
