import { randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { platformErrors } from "../errors.ts";
import { callAs } from "../identity.ts";
import { createPeerPool, goneMs, type PeerPool } from "./peer-pool.ts";

const key = randomBytes(32);
const opened: TestEdge[] = [];
let pool: PeerPool;
afterEach(async () => {
  pool.close();
  pool.close();
  await Promise.all(opened.splice(0).map((edge) => edge.close()));
});

/** Processes that answer with their number; `answering` holds the answers up. */
async function stand(count: number, answering = Promise.resolve()): Promise<string[]> {
  pool = createPeerPool(key);
  for (let n = 0; n < count; n++) {
    const getPresence = async () => {
      await answering;
      return { presences: [{ userId: `${n}` }] };
    };
    opened.push(await openTestEdge((serve) => serve(PresenceService, { getPresence }), { peerKey: key }));
  }
  return opened.map(({ url }) => url);
}

const ask = async (peer: ReturnType<PeerPool["oneOf"]>) => {
  if (!peer) throw new Error("no process");
  const request = { userIds: ["0198c0de-0000-7000-8000-000000000001"] };
  const as = callAs({ kind: "service", name: "test" });
  const { presences } = await createClient(PresenceService, peer.transport).getPresence(request, as);
  return presences[0]?.userId;
};

test("processes that do the same are asked in turn, those that can't be reached not at all", async () => {
  const urls = await stand(2);
  const addresses = ["http://127.0.0.1:9", ...urls];
  await until(() =>
    addresses.every((url) => url.endsWith(":9") || !pool.at(url).connections.notReady()) ? "" : "closed",
  );
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(pool.oneOf(addresses))));
  expect(new Set(answers)).toEqual(new Set(["0", "1"]));
  expect(pool.oneOf([])).toBeUndefined();
});

test("calls to a process that was taken for gone go on for a while, and then fail with a reason", async () => {
  const [url = ""] = await stand(1, new Promise(() => {}));
  const hanging = failureOf(ask(pool.at(url)));
  await until(() => (pool.at(url).connections.notReady() === undefined ? "" : "no connection"));
  const start = performance.now();
  pool.keep([]);
  expect((await hanging).reason).toBe(platformErrors.PEER_UNREACHABLE.reason);
  expect(performance.now() - start).toBeGreaterThan(goneMs - 50);
});

test("one that comes back in time keeps its calls", async () => {
  const answer = Promise.withResolvers<void>();
  const [url = ""] = await stand(1, answer.promise);
  const asked = ask(pool.at(url));
  await until(() => (pool.at(url).connections.notReady() === undefined ? "" : "no connection"));
  pool.keep([]);
  pool.keep([url]);
  await new Promise((resolve) => setTimeout(resolve, goneMs + 100));
  answer.resolve();
  expect(await asked).toBe("0");
});
