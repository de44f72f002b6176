import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";

const pairs = {
  EdDSA: () => generateKeyPairSync("ed25519"),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};
export type IssuerAlgorithm = keyof typeof pairs;
export const issuerAlgorithms: readonly IssuerAlgorithm[] = ["EdDSA", "ES256", "RS256", "PS256"];

/** An application's own issuer of tokens, with its keys served over HTTP. */
export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** A token with the claims on top of `iss`, `aud`, `sub`, an `iat` of now and an `exp` in ten minutes. */
  sign(claims: Record<string, unknown>, algorithm?: IssuerAlgorithm): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestIssuer(now: () => number = Date.now): Promise<TestIssuer> {
  const keys = new Map<IssuerAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }>();
  for (const algorithm of issuerAlgorithms) keys.set(algorithm, pairs[algorithm]());
  const jwks = await Promise.all(
    [...keys].map(async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
  );
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: jwks }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    audience: "chat",
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    async sign(claims, algorithm = "EdDSA") {
      const pair = keys.get(algorithm);
      if (!pair) throw new Error(`no key for ${algorithm}`);
      const iat = Math.floor(now() / 1000);
      return await new SignJWT({ iss: issuer, aud: "chat", sub: "arthur", iat, exp: iat + 600, ...claims })
        .setProtectedHeader({ alg: algorithm, kid: algorithm })
        .sign(pair.privateKey);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
