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
    let isOlder = false;
    const read = async () => {
      const told = await readAcceptedTokens(auth);
      isOlder = !told;
      return told;
    };
    const accepted = await eventually(() => read().catch(() => undefined));
    if (!accepted && isOlder)
      throw new StartError("The process with the target auth is of an older version than this one. Update it first.");
    if (!accepted) throw new StartError("No process with the target auth answers. Start one, on the same engines.");
    const authenticator = createRemoteAuthenticator({ asking: createAsking({ auth, accepted, clock }), bus, clock });
    authenticateWith(authenticator);
    return { stop: async () => authenticator.close() };
  },
};
