import { afterAll, beforeAll, expect, test } from "vitest";
import type { PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { until } from "#platform/testing/until.ts";
import { modules, storeMigrations } from "../services/modules.ts";
import { type Stack, startStack } from "../services/testing/stack.ts";
import { gatherAll, makePeople, startOtherGateway } from "./testing/herd.ts";
import { HerdSink } from "./testing/herd-sink.ts";

/** Promised for records that are lost on their way to a process. */
const repairMs = 5_000;

let stack: Stack;
let people: UserIdentity[];
let say: (count: number) => Promise<void>;

beforeAll(async () => {
  stack = await startStack({}, { modules, storeMigrations });
  people = await makePeople(stack, 3);
  ({ say } = await gatherAll(stack, people));
}, 30_000);

afterAll(() => stack.stop());

/** A log of which live records, or tail hints too, are lost on their way. */
function losing(log: EventLog, isLost: (record: PackedRecord) => boolean, losesHints: boolean): EventLog {
  return {
    ...log,
    follow(shard, from, follower, signal) {
      const onRecord = (record: PackedRecord) => (isLost(record) ? undefined : follower.onRecord(record));
      const onTail = (tail: number) => (losesHints ? undefined : follower.onTail(tail));
      log.follow(shard, from, { onRecord, onTail }, signal);
    },
  };
}

class TimedSink extends HerdSink {
  /** By `seq`, in the order of arrival: when each event came. */
  readonly arrivals = new Map<number, number>();

  override write(envelopes: Uint8Array): boolean {
    super.write(envelopes);
    for (const { frame } of this.takeFrames()) {
      if (frame.case === "event") this.arrivals.set(Number(frame.value.seq), performance.now());
    }
    return true;
  }
}

let shown = 0;
const isHundredth = () => ++shown % 100 === 0;

test.each([
  ["one in a hundred", isHundredth, false, 250],
  ["all", () => true, false, 20],
  ["all, and every hint", () => true, true, 20],
])(
  "live records that are lost, %s, reach every stream within 5 s and in order",
  async (_, isLost, losesHints, count) => {
    const log = losing(stack.boot.log, isLost, losesHints);
    const gateway = await startOtherGateway({ ...stack.boot, log });
    const sinks = people.map((person) => {
      const sink = new TimedSink();
      gateway.subscribe(person, "", sink);
      return sink;
    });
    await Promise.all(sinks.map((sink) => sink.caughtUp));
    const sentAt: number[] = [];
    for (let sent = 0; sent < count; sent++) {
      await say(1);
      sentAt.push(performance.now());
    }
    const missing = () => sinks.map(({ arrivals }) => count - arrivals.size).filter((lack) => lack > 0);
    await until(() => missing().join(), repairMs + 1_000);
    for (const { arrivals } of sinks) {
      const seqs = [...arrivals.keys()];
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      const slowest = Math.max(...[...arrivals.values()].map((at, index) => at - (sentAt[index] ?? at)));
      expect(slowest).toBeLessThan(repairMs);
    }
    for (const sink of sinks) sink.leave();
    await gateway.stop();
  },
  60_000,
);
