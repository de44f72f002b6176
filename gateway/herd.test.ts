import { afterAll, beforeAll, expect, test } from "vitest";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { modules, storeMigrations } from "../services/modules.ts";
import { type Stack, startStack } from "../services/testing/stack.ts";
import { countedLog, countedStore, ReadCounts } from "./testing/counting.ts";
import { gatherAll, makePeople, startOtherGateway } from "./testing/herd.ts";
import { tokenOf } from "./testing/herd-sink.ts";

/** Everybody in one channel comes back at once, to a gateway that they were not on before. */
const clients = 10_000;
const missed = 50;
const shards = 4;

const counts = new ReadCounts();
let stack: Stack;
let people: UserIdentity[];
let say: (count: number) => Promise<void>;
let tokens: string[];

beforeAll(async () => {
  const counted = modules.map((module) => ({
    ...module,
    start: (boot: Parameters<typeof module.start>[0]) =>
      module.start({ ...boot, store: countedStore(boot.store, counts) }),
  }));
  stack = await startStack({ PARLEY_SHARDS: `${shards}` }, { modules: counted, storeMigrations });
  people = await makePeople(stack, clients);
  ({ say } = await gatherAll(stack, people));
  await stack.projected();
  await comeTo([]);
}, 300_000);

afterAll(() => stack.stop());

/** Opens a stream of each user at another gateway, all at once, and tells what was read until all have caught up. */
async function comeTo(before: readonly string[], ringBytes?: number) {
  counts.take();
  const gateway = await startOtherGateway({ ...stack.boot, log: countedLog(stack.boot.log, counts) }, ringBytes);
  const following = counts.take();
  const sinks = people.map((person, index) => gateway.subscribe(person, before[index] ?? ""));
  await Promise.all(sinks.map((sink) => sink.caughtUp));
  const reads = counts.take();
  const told = sinks.map((sink) => sink.takeFrames());
  for (const sink of sinks) sink.leave();
  await gateway.stop();
  tokens = told.map((all) => tokenOf(all.at(-1)));
  return { following, reads, told };
}

test.each([
  ["inside the ring", undefined],
  ["below the ring", 1],
])(
  "10,000 clients resume the same conversation %s",
  async (_, ringBytes) => {
    await say(missed);
    await stack.projected();
    const { following, reads, told } = await comeTo(tokens, ringBytes);
    expect(following.of("follow")).toBe(shards);
    // What all have in common: the log, the conversation and its events.
    const shared = reads.of("read", "tail", "record", "conversation", "event", "message");
    expect(shared).toBeLessThanOrEqual(3 * shards);
    // What is each user's own: which conversations, the membership of this one, and which marks.
    expect(reads.of("membership_by_user", "membership", "mark_by_user")).toBe(3 * clients);
    const kinds = told.map((frames) => frames.map(({ frame }) => frame.case).join());
    expect(new Set(kinds)).toEqual(new Set([`${"event,".repeat(missed)}caughtUp`]));
  },
  300_000,
);
