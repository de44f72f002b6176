import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { maxCallsOfConnection } from "#platform/rpc/peers/connection.ts";
import { maxConnectionsToPeer } from "#platform/rpc/peers/connections.ts";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { readAcceptedTokens } from "./accepted-tokens.ts";
import { createAsking } from "./asking.ts";
import { createAuthenticator } from "./authenticator.ts";
import { openOperatorKey } from "./operator-key.ts";
import { createRemoteAuthenticator } from "./remote-authenticator.ts";
import { authenticateRoutes } from "./routes/authenticate.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { newDevice, type SessionStand, standSessions } from "./testing/sessions.ts";
import { useAuthStore } from "./testing/store.ts";

/** More than calls to another process may be under way. */
const people = maxConnectionsToPeer * maxCallsOfConnection + 100;

const store = useAuthStore();
const dir = mkdtempSync(join(tmpdir(), "parley-herd-"));
let stood: SessionStand;
let pair: TestPair;
let remote: Authenticator;

beforeAll(async () => {
  stood = await standSessions(store());
  const clock = stood.clock.now;
  const operatorKey = openOperatorKey(join(dir, "operator.key"));
  const authenticator = createAuthenticator({ ...stood, clock, operatorKey, trustedIssuer: undefined });
  const issuing = { issuer: "parley", audience: "parley" };
  const routes = { ...authenticateRoutes({ authenticator, issuing }), ...sessionRoutes(stood) };
  pair = await openTestPair([], (serve) => serve(AuthService, routes));
  const auth = pair.peer(AuthService);
  const accepted = await readAcceptedTokens(auth);
  if (!accepted) throw new Error("nothing is accepted");
  remote = createRemoteAuthenticator({
    asking: createAsking({ auth, accepted, clock }),
    bus: createMemoryBus(),
    clock,
  });
});

afterAll(async () => {
  await pair.close();
  rmSync(dir, { recursive: true });
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, deviceId: undefined });

test("all users of a server that died are let in at once by another one that never saw them", async () => {
  const signedIn = await Promise.all(
    Array.from({ length: people }, () => stood.sessions.start(userId(uuidv7()), newDevice())),
  );
  const identities = await Promise.all(signedIn.map(({ access }) => remote.authenticate(bearer(access.token))));
  expect(identities).toMatchObject(signedIn.map(({ row: { userId, sessionId } }) => ({ userId, sessionId })));
});

test("so many tokens that only the process with the accounts can judge are all judged", async () => {
  const refused = { status: "rejected", reason: { code: Code.Unauthenticated } };
  const outcomes = await Promise.allSettled(
    Array.from({ length: people }, (_, n) => remote.authenticate(bearer(`pko_${String(n).padStart(43, "0")}`))),
  );
  for (const outcome of outcomes) expect(outcome).toMatchObject(refused);
});
