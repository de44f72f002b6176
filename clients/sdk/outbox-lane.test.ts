import { create } from "@bufbuild/protobuf";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { createClientIds } from "./client-ids.ts";
import { ChatService, ContentSchema } from "./contract.ts";
import { createLane, type Pending } from "./outbox-lane.ts";

const conversationId = "conversation";
const nextId = createClientIds();

/** A server that takes everything. */
const transport = createRouterTransport(({ rpc }) => {
  rpc(ChatService.method.sendMessages, ({ items }) => ({
    results: items.map((_, index) => ({ outcome: { case: "sent" as const, value: { seq: BigInt(index + 1) } } })),
  }));
});

function pending(stored = Promise.resolve()): Pending {
  const content = create(ContentSchema, { text: "hi" });
  const entry = { clientId: nextId(), conversationId, content };
  return { entry, stored, outcome: Promise.withResolvers() };
}

function openLane() {
  return createLane({
    conversationId,
    chat: createClient(ChatService, transport),
    signal: new AbortController().signal,
    settle: async () => {},
    refuse: () => {},
  });
}

it("sends nothing that storage has not taken, and never what it refused", async () => {
  const lane = openLane();
  const storing = Promise.withResolvers<void>();
  const [kept, lost] = [pending(storing.promise), pending(Promise.reject(new Error("the disk is full")))];
  const settled: string[] = [];
  void kept.outcome.promise.then(() => settled.push("kept"));
  lost.outcome.promise.catch(() => settled.push("lost"));
  for (const one of [kept, lost]) lane.add(one);
  const sending = lane.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toEqual(["lost"]);
  storing.resolve();
  await sending;
  expect(settled).toEqual(["lost", "kept"]);
});

it("sends what is added at whatever moment after the lane ran empty", async () => {
  for (let ticks = 0; ticks < 40; ticks++) {
    const lane = openLane();
    const [first, second] = [pending(), pending()];
    lane.add(first);
    void lane.start();
    await first.outcome.promise;
    for (let tick = 0; tick < ticks; tick++) await undefined;
    lane.add(second);
    await lane.start();
    expect(lane.length, `${ticks} turns of the microtask queue later`).toBe(0);
  }
});
