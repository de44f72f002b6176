import { LRUCache } from "lru-cache";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { maxCachedTokens } from "./authenticator.ts";
import type { VerifiedToken, VerifyToken } from "./token-verifier.ts";

/** Whom a token speaks for, by the token and a key for it; undefined where it can't be told here. Throws TOKEN_EXPIRED. */
export type ReadOwnToken = (key: string, token: string) => Promise<VerifiedToken | undefined>;

/** Reads the tokens that this installation signed; each is verified once. */
export function createOwnTokens(verify: VerifyToken, clock: Clock): ReadOwnToken {
  const cache = new LRUCache<string, VerifiedToken>({ max: maxCachedTokens });
  const verifyAnew = async (key: string, token: string) => {
    try {
      const verified = await verify(token);
      cache.set(key, verified);
      return verified;
    } catch (error) {
      if (error instanceof ServiceError && error.reason === platformErrors.TOKEN_EXPIRED.reason) throw error;
      // It may be one of the trusted issuer, or the operator's.
      return undefined;
    }
  };
  return async (key, token) => {
    const known = cache.get(key);
    if (!known) return await verifyAnew(key, token);
    if (known.expiresAt <= clock()) throw platformErrors.TOKEN_EXPIRED();
    return known;
  };
}
