import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { eventually } from "#platform/runtime/eventually.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { createAsking } from "./asking.ts";
import { createRemoteAuthenticator } from "./remote-authenticator.ts";
import { createTokenVerifier, type SigningKeys } from "./token-verifier.ts";

const askMs = 5_000;

/** The authenticator of a process that holds no accounts. */
export const remoteAuthModule: ModuleDefinition = {
  // Not "auth": by their names others know what a process serves.
  name: "auth elsewhere",
  needs: [],
  async start({ peer, bus, clock, config, authenticateWith }) {
    const auth = peer(AuthService);
    const asAuth = () => callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs });
    const keys = await eventually(() => auth.getSigningKeys({}, asAuth()).catch(() => undefined));
    if (!keys) throw new StartError("No process with the target auth answers. Start one, on the same engines.");
    const jwks: SigningKeys = JSON.parse(keys.jwks);
    const { issuer, audience } = config.auth;
    const ask = createAsking({ auth, verify: createTokenVerifier(jwks, { issuer, audience, clock }), clock });
    const authenticator = createRemoteAuthenticator({ ask, jwks: () => jwks, bus, clock });
    authenticateWith(authenticator);
    return { stop: async () => authenticator.close() };
  },
};
