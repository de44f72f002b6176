import fc from "fast-check";
import { expect, test } from "vitest";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind, type Event, Role } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { ModelClient } from "../testing/model-client.ts";
import { deliveryOver, Reader } from "../testing/reader.ts";
import { body, type ModelConversation, openWorld, type World } from "../testing/world.ts";
import type { Delivery } from "./delivery.ts";

/** One run: three people and four conversations of their own, in a log that runs share. */
interface Run {
  readonly world: World;
  readonly people: readonly [string, string, string];
  readonly readers: readonly Reader[];
  readonly conversations: readonly ModelConversation[];
}

type Step =
  | { do: "post" | "remove" | "add" | "delete"; where: number; who: number }
  | { do: "connect" | "drop" | "crash" | "close" | "beat"; who: number }
  | { do: "take"; who: number; count: number }
  | { do: "project"; back: number };

const who = fc.nat({ max: 2 });
const where = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("post" as const), where, who }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("remove", "add", "delete"), where, who }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("take" as const), who, count: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("connect", "drop", "crash", "close", "beat"), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("project" as const), back: fc.nat({ max: 8 }) }) },
);

async function act({ world, people, readers, conversations }: Run, step: Step): Promise<void> {
  if (step.do === "project") {
    for (let shard = 0; shard < world.following.shards; shard++) {
      world.project(shard, Math.max(0, world.following.tail(shard) - step.back));
    }
    return;
  }
  const reader = readers[step.who];
  const user = people[step.who] ?? "";
  if (step.do === "connect") return reader?.connect();
  if (step.do === "drop" || step.do === "crash") return reader?.drop(step.do === "crash");
  if (step.do === "close") return reader?.close(CloseReason.STOPPING);
  if (step.do === "take") return reader?.take(step.count);
  if ("where" in step) {
    const conversation = conversations[step.where];
    if (conversation) await change(world, conversation, user, step.do);
    return;
  }
  if (reader?.stream?.isLive) reader.stream.heartbeat();
}

async function change(world: World, to: ModelConversation, user: string, what: "post" | "remove" | "add" | "delete") {
  const isMember = to.spells.get(user)?.at(-1)?.to === Number.POSITIVE_INFINITY;
  if (what === "post" && isMember) {
    await world.append(to, user, body({ case: "messagePosted", value: { content: { text: "hello" } } }));
  }
  if (what === "remove" && isMember) {
    await world.append(to, user, body({ case: "memberRemoved", value: { userId: user } }));
  }
  if (what === "add" && !isMember) {
    const members = [{ userId: user, role: Role.MEMBER }];
    await world.append(to, user, body({ case: "membersAdded", value: { members } }));
  }
  const target = to.events.findLast((event) => event.body.case === "messagePosted");
  if (what === "delete" && target) {
    await world.append(to, user, body({ case: "messageDeleted", value: { targetSeq: target.seq, targetCount: 1n } }));
  }
}

/** What the user must hold in the end: each number of each spell, once, as event or passed over for a reason. */
function expectExactly({ conversations }: Run, user: string, client: ModelClient): void {
  expect(client.leftShort).toBe(0);
  for (const { id, kind, spells, events } of conversations) {
    const expected = (spells.get(user) ?? []).flatMap(({ from, to }) =>
      events.map(({ seq }) => Number(seq)).filter((seq) => seq >= from && seq <= to),
    );
    const numbers = client.held.get(id)?.numbers ?? new Map();
    expect([...numbers.keys()]).toEqual(expected);
    for (const [seq, held] of numbers) {
      const event = events[seq - 1];
      if (held === "fetched") continue;
      const isSkipped = kind === ConversationKind.CHANNEL && event !== undefined && isMovementOfOthers(event, user);
      expect(held === "skipped").toBe(isSkipped);
      if (held !== "skipped") {
        const wasDeleted = event?.body.case === "tombstone";
        expect([event?.body.case, ...(wasDeleted ? ["messagePosted"] : [])]).toContain(held.body.case);
      }
    }
  }
}

function isMovementOfOthers({ body }: Event, user: string): boolean {
  if (body.case === "memberRemoved") return body.value.userId !== user;
  return body.case === "membersAdded" && body.value.members.every(({ userId }) => userId !== user);
}

async function begin(world: World, delivery: Delivery): Promise<Run> {
  const people = [uuidv7(), uuidv7(), uuidv7()] as const;
  const readers = people.map((user) => new Reader(delivery, user));
  for (const reader of readers) await reader.catchUp();
  const conversations = [
    await world.create(ConversationKind.GROUP, people.slice(0, 2), 0),
    await world.create(ConversationKind.CHANNEL, people.slice(0, 1), 0),
    await world.create(ConversationKind.CHANNEL, people, 1),
    await world.create(ConversationKind.DIRECT, people.slice(1), 1),
  ];
  return { world, people, readers, conversations };
}

/** Runs the steps, lets everybody catch up and compares. */
async function runSteps(world: World, delivery: Delivery, steps: readonly Step[]): Promise<void> {
  const run = await begin(world, delivery);
  try {
    for (const step of steps) await act(run, step);
    for (const [index, reader] of run.readers.entries()) {
      await reader.catchUp();
      reader.stream?.heartbeat();
      await reader.catchUp();
      expectExactly(run, run.people[index] ?? "", reader.client);
    }
  } finally {
    for (const reader of run.readers) reader.drop(false);
  }
  expect(delivery.streams.size).toBe(0);
}

const manySteps = fc.array(step, { minLength: 10, maxLength: 80 });

test.each([
  ["out of the ring", undefined],
  ["out of the store, where the ring holds next to nothing", 1],
])("wherever streams break, each member gets every number of theirs once and in order: %s", async (_, ringBytes) => {
  const world = await openWorld({ shards: 2, ...(ringBytes === undefined ? {} : { ringBytes }) });
  const delivery = deliveryOver(world);
  const property = fc.asyncProperty(manySteps, (steps) => runSteps(world, delivery, steps));
  await fc.assert(property, { numRuns: 60 });
  await world.close();
});
