import { LRUCache } from "lru-cache";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { maxCachedTokens } from "./authenticator.ts";
import type { VerifiedToken, VerifyToken } from "./token-verifier.ts";

/** Whom a token speaks for, by the token and a key for it. Throws UNAUTHENTICATED or TOKEN_EXPIRED. */
export type ReadOwnToken = (key: string, token: string) => Promise<VerifiedToken>;

/** Reads the tokens that this installation signed; each is verified once. */
export function createOwnTokens(verify: VerifyToken, clock: Clock): ReadOwnToken {
  const cache = new LRUCache<string, VerifiedToken>({ max: maxCachedTokens });
  return async (key, token) => {
    const known = cache.get(key);
    if (known && known.expiresAt <= clock()) throw platformErrors.TOKEN_EXPIRED();
    if (known) return known;
    const verified = await verify(token);
    cache.set(key, verified);
    return verified;
  };
}
