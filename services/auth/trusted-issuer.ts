import { createHash } from "node:crypto";
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Config } from "#platform/runtime/config.ts";
import { deviceId, sessionId } from "#platform/runtime/ids.ts";
import type { ExternalAccounts } from "./external-accounts.ts";
import type { AccessSubject } from "./token-verifier.ts";

/** Accepts the tokens of the application's own issuer. */
export interface TrustedIssuer {
  /** Whether the token says that it is this issuer's. Proves nothing. */
  claims(token: string): boolean;
  /**
   * Verifies a token and makes its user at first sight. Throws TOKEN_EXPIRED, UNAUTHENTICATED, or STOPPING while the
   * issuer's keys can't be fetched.
   */
  verify(token: string): Promise<AccessSubject & { readonly expiresAt: number }>;
}

const algorithms = ["EdDSA", "ES256", "RS256", "PS256"];
/** How far the clocks of the two servers may differ. */
export const clockToleranceSeconds = 60;
/** How long a token is accepted after it was issued, whatever it says itself. */
export const maxTokenAgeSeconds = 24 * 60 * 60;
/** No token that was issued until now is accepted any more after this time. */
export const longestTrustedMs = (maxTokenAgeSeconds + 2 * clockToleranceSeconds) * 1000;
const maxSubjectBytes = 256;

export function createTrustedIssuer(
  { issuer, audience, jwksUrl }: NonNullable<Config["auth"]["trusted"]>,
  externalAccounts: ExternalAccounts,
  clock: Clock,
): TrustedIssuer {
  const keys = reachableKeys(createRemoteJWKSet(new URL(jwksUrl)));

  async function verifyClaims(token: string): Promise<JWTPayload> {
    const rules = { algorithms, issuer, audience, requiredClaims: ["sub", "exp", "iat"] };
    const times = {
      currentDate: new Date(clock()),
      clockTolerance: clockToleranceSeconds,
      maxTokenAge: maxTokenAgeSeconds,
    };
    try {
      return (await jwtVerify(token, keys, { ...rules, ...times })).payload;
    } catch (error) {
      if (error instanceof KeysUnreachable) throw platformErrors.STOPPING({ message: error.message, cause: error });
      if (error instanceof errors.JWTExpired) throw platformErrors.TOKEN_EXPIRED();
      throw platformErrors.UNAUTHENTICATED({ cause: error });
    }
  }

  return {
    claims(token) {
      try {
        return decodeJwt(token).iss === issuer;
      } catch {
        return false;
      }
    },
    async verify(token) {
      const claims = await verifyClaims(token);
      const { sub, sid, jti, name } = claims;
      if (typeof sub !== "string" || sub === "" || Buffer.byteLength(sub) > maxSubjectBytes)
        throw platformErrors.UNAUTHENTICATED();
      const displayName = typeof name === "string" && name !== "" ? name : sub;
      const [user] = await externalAccounts(issuer, [{ subject: sub, displayName }]);
      if (!user) throw platformErrors.UNAUTHENTICATED();
      const session = typeof sid === "string" ? sid : (jti ?? token);
      return {
        userId: user,
        sessionId: sessionId(derivedUuid("session", issuer, sub, session)),
        // The same for every token, so that repeating a call with a newer one is still a repetition.
        deviceId: deviceId(derivedUuid("device", issuer, sub)),
        expiresAt: acceptedUntil(claims),
      };
    },
  };
}

/** Until when a token that says this is accepted: milliseconds since the epoch. */
export function acceptedUntil({ exp = 0, iat = 0 }: JWTPayload): number {
  return (Math.min(exp, iat + maxTokenAgeSeconds) + clockToleranceSeconds) * 1000;
}

/** The issuer's keys can't be had, so nothing is known about the token. */
class KeysUnreachable extends Error {
  override readonly name = "KeysUnreachable";
}

function reachableKeys(remote: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new KeysUnreachable("the keys of the trusted issuer can't be fetched", { cause: error });
    }
  };
}

/** A UUID of version 8 (RFC 9562, section 5.8) that is the same for the same parts. */
function derivedUuid(...parts: string[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest();
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
