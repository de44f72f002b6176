import type { Identity } from "./identity.ts";

/** Names the installation in calls with a trusted issuer's token, which does not. */
export const deviceHeader = "parley-device-id";

/**
 * How old what is known of a session may be where it begins a call that lasts: with the time until open streams are
 * looked at, the end of a session is noticed within 5 s.
 */
export const streamAgeMs = 500;

/** What a request says of who makes it. */
export interface Credentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The header of `deviceHeader`. */
  readonly deviceId: string | undefined;
}

/** Turns the credentials of a request into an identity. */
export interface Authenticator {
  /**
   * Verifies them, once per token: results are cached by the token's hash until it expires or its
   * session ends. No `authorization`: `anonymous`. Anything that is not valid throws a `platformErrors` row:
   * UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_REVOKED. `mostAgeMs`: how old what is known of the session may be; it is
   * never older than the authenticator's own measure, unless nobody can be asked.
   */
  authenticate(credentials: Credentials, mostAgeMs?: number): Promise<Identity>;
  /** The public keys that access tokens are signed with (RFC 7517), served at `/.well-known/jwks.json`. */
  jwks(): { keys: object[] };
}
