import type { Authenticator } from "./authenticator.ts";
import { platformErrors } from "./errors.ts";

/** Knows nobody: for a server without the auth module. */
export const refuseCredentials: Authenticator = {
  async authenticate({ authorization }) {
    if (authorization !== undefined) throw platformErrors.UNAUTHENTICATED();
    return { kind: "anonymous" };
  },
  jwks: () => ({ keys: [] }),
};
