import { type CallOptions, createContextKey, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { DeviceId, SessionId, UserId } from "#platform/runtime/ids.ts";
import { platformErrors } from "./errors.ts";

/** A signed-in device of a user. */
export interface UserIdentity {
  readonly kind: "user";
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly sessionId: SessionId;
}

/** Who makes a call, as verified at the edge; services trust it. */
export type Identity =
  | { readonly kind: "anonymous" }
  | UserIdentity
  | { readonly kind: "operator" }
  | { readonly kind: "service"; readonly name: string };

export const identityKey = createContextKey<Identity>({ kind: "anonymous" }, { description: "identity" });
/** Address of the client, for limits and logs. Empty in calls between services. */
export const clientAddressKey = createContextKey<string>("", { description: "client address" });

/** Options that make a call to a peer on behalf of `identity`. */
export function callAs(identity: Identity, options: CallOptions = {}): CallOptions {
  return { ...options, contextValues: createContextValues().set(identityKey, identity) };
}

/** The calling user. Throws where the method is not declared AUTH_USER and somebody else calls. */
export function callingUser(context: HandlerContext): UserIdentity {
  const identity = context.values.get(identityKey);
  if (identity.kind !== "user") throw platformErrors.WRONG_CREDENTIAL();
  return identity;
}
