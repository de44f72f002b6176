import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { eventually } from "#platform/runtime/eventually.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { readAcceptedTokens } from "./accepted-tokens.ts";
import { createAsking } from "./asking.ts";
import { createRemoteAuthenticator } from "./remote-authenticator.ts";

/** The authenticator of a process that holds no accounts. */
export const remoteAuthModule: ModuleDefinition = {
  // Not "auth": by their names others know what a process serves.
  name: "auth elsewhere",
  needs: [],
  async start({ peer, bus, clock, authenticateWith }) {
    const auth = peer(AuthService);
    const accepted = await eventually(() => readAcceptedTokens(auth).catch(() => undefined));
    if (!accepted)
      throw new StartError(
        "No process with the target auth answers, of this version or a later one. Start one, on the same engines.",
      );
    const authenticator = createRemoteAuthenticator({ asking: createAsking({ auth, accepted, clock }), bus, clock });
    authenticateWith(authenticator);
    return { stop: async () => authenticator.close() };
  },
};
