import { timingSafeEqual } from "node:crypto";
import type { HandlerContext } from "@connectrpc/connect";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { requestHeaderOf } from "../calls/call-context.ts";
import { platformErrors } from "../errors.ts";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import type { Identity } from "../identity.ts";

/**
 * What processes of an installation say to each other in the headers of a call: the key that all of them share, on whose
 * behalf they call, and the address of the client. Said without the key, the rest is worth nothing.
 */
export const peerHeaders = {
  key: "parley-peer-key",
  identity: "parley-peer-identity",
  clientAddress: "parley-peer-client-address",
  /** Another process passed the call on to this one, as the one that should answer it. */
  passedOn: "parley-peer-passed-on",
} as const;

/** Whether a peer passed the call on. With a wrong key it would not have been let in; without one, it says nothing. */
export function isPassedOn(context: HandlerContext): boolean {
  const { key, passedOn } = peerHeaders;
  return requestHeaderOf(context, key) !== null && requestHeaderOf(context, passedOn) !== null;
}

/** A call that another process of the installation makes. */
export interface PeerCall {
  readonly identity: Identity;
  readonly clientAddress: string;
}

/** The call's caller, where it is a peer; undefined where it does not say so. Throws UNAUTHENTICATED on a wrong key. */
export type ReadPeer = (exchange: Pick<Exchange, "headers">) => PeerCall | undefined;

/** Without a key nobody is a peer. */
export function createReadPeer(key: Uint8Array | undefined): ReadPeer {
  const expected = key && Buffer.from(writeKey(key));
  return (exchange) => {
    const given = headerOf(exchange, peerHeaders.key);
    if (given === undefined) return undefined;
    const bytes = Buffer.from(given);
    if (!expected || bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) {
      throw platformErrors.UNAUTHENTICATED({ message: "wrong key of a peer" });
    }
    return {
      identity: readIdentity(headerOf(exchange, peerHeaders.identity) ?? ""),
      clientAddress: headerOf(exchange, peerHeaders.clientAddress) ?? "",
    };
  };
}

export function writeKey(key: Uint8Array): string {
  return Buffer.from(key).toString("base64url");
}

/** Such as "user <user id> <device id> <session id>". */
export function writeIdentity(identity: Identity): string {
  if (identity.kind === "user") return `user ${identity.userId} ${identity.deviceId} ${identity.sessionId}`;
  return identity.kind === "service" ? `service ${identity.name}` : identity.kind;
}

function readIdentity(text: string): Identity {
  const [kind, first, second, third] = text.split(" ");
  if (kind === "user" && first && second && third) {
    return { kind, userId: userId(first), deviceId: deviceId(second), sessionId: sessionId(third) };
  }
  if (kind === "service" && first) return { kind, name: first };
  return kind === "operator" ? { kind } : { kind: "anonymous" };
}
