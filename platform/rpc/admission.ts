import type { HandlerContext } from "@connectrpc/connect";
import { Auth } from "#gen/parley/options/v1/options_pb.js";
import { type Authenticator, deviceHeader, streamAgeMs } from "./authenticator.ts";
import { platformErrors } from "./errors.ts";
import { type Exchange, headerOf } from "./exchange/exchange.ts";
import { clientAddressKey, type Identity, identityKey } from "./identity.ts";
import type { PolicyOf } from "./method-policy.ts";
import type { ReadPeer } from "./peers/peer-proof.ts";

/** Asked before anything of a call's body is read. Throws where the call may not go on. */
export type Admit = (context: Pick<HandlerContext, "method" | "values">, exchange: Exchange) => Promise<void>;

/**
 * Verifies who calls and that the method is for them: what strangers send takes no memory. Public methods ignore
 * credentials, so that a stale token does not keep anybody from refreshing it.
 */
export function createAdmission(policyOf: PolicyOf, authenticator: () => Authenticator): Admit {
  return async ({ method, values }, exchange) => {
    const { auth } = policyOf(method);
    if (auth === Auth.PUBLIC) return;
    const credentials = {
      authorization: exchange.headers.authorization,
      deviceId: headerOf(exchange, deviceHeader),
    };
    const mostAgeMs = method.methodKind === "unary" ? undefined : streamAgeMs;
    const identity = await authenticator().authenticate(credentials, mostAgeMs);
    if (identity.kind === "anonymous") throw platformErrors.UNAUTHENTICATED();
    if (!mayCall(identity, auth)) throw platformErrors.WRONG_CREDENTIAL();
    values.set(identityKey, identity);
  };
}

/**
 * Lets in the calls of other processes of the installation, which have verified their caller and charged it: false where
 * the caller is none. Throws where a peer may not call the method on behalf of whom it names.
 */
export function createPeerAdmission(
  policyOf: PolicyOf,
  readPeer: ReadPeer,
): (context: Parameters<Admit>[0], exchange: Exchange) => boolean {
  return ({ method, values }, exchange) => {
    const peer = readPeer(exchange);
    if (!peer) return false;
    const { auth } = policyOf(method);
    values.set(clientAddressKey, peer.clientAddress);
    if (auth === Auth.PUBLIC) return true;
    if (peer.identity.kind === "anonymous") throw platformErrors.UNAUTHENTICATED();
    if (!mayCall(peer.identity, auth)) throw platformErrors.WRONG_CREDENTIAL();
    values.set(identityKey, peer.identity);
    return true;
  };
}

/** Services speak for themselves, and know what they may. */
function mayCall(identity: Identity, auth: Auth): boolean {
  if (identity.kind === "service") return true;
  if (auth === Auth.USER) return identity.kind === "user";
  if (auth === Auth.OPERATOR) return identity.kind === "operator";
  return false;
}
