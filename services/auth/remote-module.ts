import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { createRemoteAuthenticator } from "./remote-authenticator.ts";

const askMs = 5_000;

/** The authenticator of a process that holds no accounts. */
export const remoteAuthModule: ModuleDefinition = {
  name: "auth",
  needs: [],
  async start({ peer, bus, clock, authenticateWith }) {
    const auth = peer(AuthService);
    const keys = await auth.getSigningKeys({}, callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs }));
    const jwks: { keys: object[] } = JSON.parse(keys.jwks);
    const authenticator = createRemoteAuthenticator({ auth, jwks: () => jwks, bus, clock });
    authenticateWith(authenticator);
    return { stop: async () => authenticator.close() };
  },
};
