import type { Identity } from "./identity.ts";

/** Names the installation in calls with a trusted issuer's token, which does not. */
export const deviceHeader = "parley-device-id";

/** Turns the credentials of a request into an identity. */
export interface Authenticator {
  /**
   * Verifies the `Authorization` header, once per token: results are cached by the token's hash until it expires or its
   * session ends. No header: `anonymous`. Anything that is not valid throws a `platformErrors` row:
   * UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_REVOKED.
   */
  authenticate(header: Headers): Promise<Identity>;
  /** The public keys that access tokens are signed with (RFC 7517), served at `/.well-known/jwks.json`. */
  jwks(): { keys: object[] };
}
