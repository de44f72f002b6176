import { decodeJwt, decodeProtectedHeader } from "jose";
import { operatorKeyForm } from "./operator-key.ts";
import type { SigningKeys } from "./token-verifier.ts";

/** How the process that holds the accounts tells who somebody is. */
export interface AcceptedTokens {
  /** The keys that tokens of the installation are signed with, and what these name. */
  readonly jwks: SigningKeys;
  readonly issuer: string;
  readonly audience: string;
  /** "": tokens of nobody else are accepted. */
  readonly trustedIssuer: string;
}

/** "foreign": nobody accepts it, unless what is accepted has changed. "none": it is no token whatever is accepted. */
export type TokenKind = "own" | "trusted" | "operator" | "foreign" | "none";

/** What credentials say that they are. Proves nothing, and costs little. */
export function kindOf(token: string, { jwks, issuer, audience, trustedIssuer }: AcceptedTokens): TokenKind {
  if (operatorKeyForm.test(token)) return "operator";
  const said = read(token);
  if (!said) return "none";
  if (said.iss !== "" && said.iss === trustedIssuer) return "trusted";
  const isOwn = said.iss === issuer && said.aud === audience && jwks.keys.some(({ kid }) => kid === said.kid);
  return isOwn ? "own" : "foreign";
}

interface Said {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly kid: string | undefined;
}

function read(token: string): Said | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    const { iss = "", aud = "" } = decodeJwt(token);
    return { iss, aud, kid };
  } catch {
    return undefined;
  }
}
