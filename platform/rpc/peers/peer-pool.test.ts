import { createClient } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { callAs } from "../identity.ts";
import { createPeerPool, type PeerPool } from "./peer-pool.ts";

const key = new Uint8Array(32).fill(7);
const nowhere = "http://127.0.0.1:9";
const asked = { userIds: ["0198c0de-0000-7000-8000-000000000001"] };

/** A process that tells its number. */
async function openProcess(number: string): Promise<string> {
  const presences = [{ userId: number }];
  const edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => ({ presences }) }), {
    peerKey: key,
  });
  onTestFinished(() => edge.close());
  return edge.url;
}

function openPool(): PeerPool {
  const pool = createPeerPool(key);
  onTestFinished(() => pool.close());
  return pool;
}

async function call(pool: PeerPool, addresses: readonly string[], preferred?: string): Promise<string> {
  const peer = pool.oneOf(addresses, preferred);
  if (!peer) return "nobody";
  const presence = createClient(PresenceService, peer.transport);
  const { presences } = await presence.getPresence(asked, callAs({ kind: "service", name: "test" }));
  return presences[0]?.userId ?? "";
}

/** So many that it is beyond chance that one of two is never called. */
const manyCalls = 40;

const connected = (pool: PeerPool, addresses: readonly string[]) =>
  until(() => addresses.map((address) => pool.at(address).connections.notReady() ?? "").join(""));

test("processes that do the same share the calls, and one that can't be reached is passed over", async () => {
  const [pool, one, two] = [openPool(), await openProcess("one"), await openProcess("two")];
  await connected(pool, [one, two]);
  const answers: string[] = [];
  for (let calls = 0; calls < manyCalls; calls++) answers.push(await call(pool, [one, nowhere, two]));
  expect(new Set(answers)).toEqual(new Set(["one", "two"]));
  expect(await call(pool, [])).toBe("nobody");
});

test("they share them whatever else is called in between", async () => {
  const [pool, one, two, other] = [
    openPool(),
    await openProcess("one"),
    await openProcess("two"),
    await openProcess("3"),
  ];
  await connected(pool, [one, two, other]);
  const answers = new Set<string>();
  for (let calls = 0; calls < manyCalls; calls++) {
    expect(await call(pool, [other])).toBe("3");
    answers.add(await call(pool, [one, two]));
  }
  expect(answers).toEqual(new Set(["one", "two"]));
});

test("one that is preferred is called whenever it can be, if it is among them", async () => {
  const [pool, one, two] = [openPool(), await openProcess("one"), await openProcess("two")];
  await connected(pool, [one, two]);
  const answersPreferring = async (preferred: string, among: readonly string[]) => {
    const answers = new Set<string>();
    for (let calls = 0; calls < manyCalls; calls++) answers.add(await call(pool, among, preferred));
    return answers;
  };
  expect(await answersPreferring(two, [one, two])).toEqual(new Set(["two"]));
  expect(await answersPreferring(two, [one])).toEqual(new Set(["one"]));
  expect(await answersPreferring(nowhere, [one, nowhere, two])).toEqual(new Set(["one", "two"]));
});

test("where none can be reached the call fails with that reason", async () => {
  const failure = await failureOf(call(openPool(), [nowhere]));
  expect(failure.reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
});

test("a process that was away for a while is connected to anew; once all are cut for good nothing is", async () => {
  const [pool, one] = [openPool(), await openProcess("one")];
  expect(await call(pool, [one])).toBe("one");
  const before = pool.at(one);
  pool.keep([]);
  pool.keep([one]);
  pool.keep([]);
  expect(pool.at(one)).toBe(before);
  await until(() => (pool.at(one) === before ? "not let go of" : ""));
  expect(await call(pool, [one])).toBe("one");
  pool.close();
  pool.close();
  expect((await failureOf(call(pool, [one]))).reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
});
