import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { askMs } from "./question.ts";
import type { AcceptedTokens } from "./token-kind.ts";

/** Between two readings, however many credentials are shown that nobody knows. */
export const rereadMs = 1_000;

/** What the process that holds the accounts accepts; undefined where it is of a version that does not tell. */
export async function readAcceptedTokens(auth: Client<typeof AuthService>): Promise<AcceptedTokens | undefined> {
  const asAuth = callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs });
  const { jwks, issuer, audience, trustedIssuer } = await auth.getSigningKeys({}, asAuth);
  return issuer === "" ? undefined : { jwks: JSON.parse(jwks), issuer, audience, trustedIssuer };
}

/** What is made of the accepted tokens as they were last read. */
export interface Reading<Made> {
  current(): Made;
  /** Reads them once more; whoever calls within `rereadMs` shares that reading, which begins after the last of them. */
  again(): Promise<Made>;
}

/** Keeps what is made of the accepted tokens, and makes it anew where they have changed. */
export function keepReading<Made>(
  first: AcceptedTokens,
  read: () => Promise<AcceptedTokens | undefined>,
  make: (accepted: AcceptedTokens) => Made,
): Reading<Made> {
  let accepted = first;
  let made = make(first);
  let coming: Promise<Made> | undefined;
  const readAgain = async () => {
    await wait(rereadMs, undefined, { ref: false });
    coming = undefined;
    const next = await read();
    if (next && JSON.stringify(next) !== JSON.stringify(accepted)) [accepted, made] = [next, make(next)];
    return made;
  };
  return {
    current: () => made,
    again() {
      coming ??= readAgain();
      return coming;
    },
  };
}
