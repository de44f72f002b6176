import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { readAcceptedTokens } from "../accepted-tokens.ts";
import { createAsking } from "../asking.ts";
import { createAuthenticator } from "../authenticator.ts";
import { openOperatorKey } from "../operator-key.ts";
import { createRemoteAuthenticator } from "../remote-authenticator.ts";
import { authenticateRoutes } from "../routes/authenticate.ts";
import { sessionRoutes } from "../routes/sessions.ts";
import { createTrustedIssuer } from "../trusted-issuer.ts";
import { standAccounts } from "./accounts.ts";
import type { TestIssuer } from "./issuer.ts";
import { newDevice, type SessionStand, standSessions } from "./sessions.ts";

/** A process that holds accounts, and one beside it whose bus may have lost what the other's said. */
export async function standRemote(db: SqliteDatabase, keysDir: string, trusted?: TestIssuer) {
  const stood = await standSessions(db);
  stood.clock.turn(Date.now() - stood.clock.now());
  const clock = stood.clock.now;
  const { externalAccounts } = standAccounts(db, clock);
  const trustedIssuer = trusted && createTrustedIssuer(trusted, externalAccounts, clock);
  let asked = 0;
  let readings = 0;
  let isAway = false;
  let held = Promise.resolve();
  /** The process with the accounts; it may be started again with another key. */
  const serving = ({ accessTokens }: SessionStand) => {
    const operatorKey = openOperatorKey(join(keysDir, "operator.key"));
    const authenticator = createAuthenticator({ ...stood, accessTokens, clock, operatorKey, trustedIssuer });
    const issuing = { issuer: "parley", audience: "parley", ...(trusted ? { trusted } : {}) };
    return { ...authenticateRoutes({ authenticator, issuing }), ...sessionRoutes(stood) };
  };
  let routes = serving(stood);
  const count = async (questions: number) => {
    asked += questions;
    if (isAway) throw platformErrors.STORE_UNREACHABLE();
    await held;
  };
  const served = createServed();
  served.add(AuthService, {
    getSigningKeys: (...call) => {
      readings++;
      return routes.getSigningKeys(...call);
    },
    authenticate: async (...call) => {
      await count(1);
      return await routes.authenticate(...call);
    },
    checkSessions: async (request, context) => {
      await count(request.sessions.length);
      return await routes.checkSessions(request, context);
    },
  });
  const bus = createMemoryBus();
  const auth = createClient(AuthService, createPeerTransport(served));
  const accepted = await readAcceptedTokens(auth);
  if (!accepted) throw new Error("nothing is accepted");
  const remote = createRemoteAuthenticator({ asking: createAsking({ auth, accepted, clock }), bus, clock });
  return {
    ...stood,
    bus,
    remote,
    signIn: () => stood.sessions.start(userId(uuidv7()), newDevice()),
    /** Credentials that were asked about. */
    asked: () => asked,
    /** How often it was read what is accepted. */
    readings: () => readings,
    goAway: () => (isAway = true),
    startAgain: (other: SessionStand) => (routes = serving(other)),
    /** Leaves questions without an answer until what it returns is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
  };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}`, deviceId: undefined });
