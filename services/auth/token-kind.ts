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
export function kindOf(token: string, { jwks, issuer, trustedIssuer }: AcceptedTokens): TokenKind {
  if (operatorKeyForm.test(token)) return "operator";
  const said = read(token);
  if (!said) return "none";
  if (said.iss !== "" && said.iss === trustedIssuer) return "trusted";
  return said.iss === issuer && jwks.keys.some(({ kid }) => kid === said.kid) ? "own" : "foreign";
}

function read(token: string): { readonly iss: string; readonly kid: string | undefined } | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    const { iss = "" } = decodeJwt(token);
    return { iss, kid };
  } catch {
    return undefined;
  }
}
