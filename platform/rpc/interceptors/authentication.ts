import type { Interceptor } from "@connectrpc/connect";
import { Auth } from "#gen/parley/options/v1/options_pb.js";
import type { Authenticator } from "../authenticator.ts";
import { platformErrors } from "../errors.ts";
import { type Identity, identityKey } from "../identity.ts";
import type { PolicyOf } from "../method-policy.ts";

/**
 * Verifies who calls and that the method is for them. Public methods ignore credentials, so that a stale token does not
 * keep anybody from refreshing it.
 */
export function interceptAuthentication(policyOf: PolicyOf, authenticator: () => Authenticator): Interceptor {
  return (next) => async (request) => {
    const { auth } = policyOf(request.method);
    if (auth !== Auth.PUBLIC) {
      const identity = await authenticator().authenticate(request.header);
      if (identity.kind === "anonymous") throw platformErrors.UNAUTHENTICATED();
      if (!mayCall(identity, auth)) throw platformErrors.WRONG_CREDENTIAL();
      request.contextValues.set(identityKey, identity);
    }
    return await next(request);
  };
}

function mayCall(identity: Identity, auth: Auth): boolean {
  if (auth === Auth.USER) return identity.kind === "user";
  if (auth === Auth.OPERATOR) return identity.kind === "operator";
  return false;
}
