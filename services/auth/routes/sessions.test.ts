import { createClient } from "@connectrpc/connect";
import { afterEach, expect, test, vi } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { CqlFailure } from "#platform/engines/cql-failure.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { Sessions } from "../sessions.ts";
import { newDevice, standSessions } from "../testing/sessions.ts";
import { useAuthStore } from "../testing/store.ts";
import { lookUpMs, sessionRoutes } from "./sessions.ts";

const store = useAuthStore();
afterEach(() => {
  vi.useRealTimers();
});

/** Three sessions, of which one has ended; of the last one the store says what the test wants. */
async function stand(failing: () => Promise<boolean>) {
  const { sessions } = await standSessions(store());
  const start = async () => (await sessions.start(userId(uuidv7()), newDevice())).row;
  const [live, ended, odd] = [await start(), await start(), await start()];
  await sessions.end(ended.userId, ended.sessionId);
  const looked: Sessions = {
    ...sessions,
    isLive: (user, session) => (session === odd.sessionId ? failing() : sessions.isLive(user, session)),
  };
  const served = createServed();
  served.add(AuthService, sessionRoutes({ sessions: looked }));
  const auth = createClient(AuthService, createPeerTransport(served));
  const asGateway = callAs({ kind: "service", name: "gateway" });
  const check = () =>
    auth.checkSessions(
      { sessions: [live, ended, odd].map(({ userId, sessionId }) => ({ userId, sessionId })) },
      asGateway,
    );
  return { check, expected: { endedSessionIds: [ended.sessionId], unknownSessionIds: [odd.sessionId] } };
}

test("one session that can't be looked up keeps no answer from the others", async () => {
  const unreachable = new CqlFailure("no replica answers", "refused", true, undefined);
  const { check, expected } = await stand(() => Promise.reject(unreachable));
  expect(await check()).toMatchObject(expected);
});

test("one session that takes too long is not waited for", async () => {
  const { check, expected } = await stand(() => new Promise(() => {}));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const answer = check();
  await vi.advanceTimersByTimeAsync(lookUpMs);
  expect(await answer).toMatchObject(expected);
});

test("a defect is no doubt about one session", async () => {
  const { check } = await stand(() => Promise.reject(new TypeError("a defect")));
  await expect(check()).rejects.toThrow();
});
