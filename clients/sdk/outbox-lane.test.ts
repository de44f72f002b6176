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

function pending(): Pending {
  const content = create(ContentSchema, { text: "hi" });
  const entry = { clientId: nextId(), conversationId, content };
  return { entry, stored: Promise.resolve(), outcome: Promise.withResolvers() };
}

it("sends what is added at whatever moment after the lane ran empty", async () => {
  for (let ticks = 0; ticks < 40; ticks++) {
    const lane = createLane({
      conversationId,
      chat: createClient(ChatService, transport),
      signal: new AbortController().signal,
      remove: async () => {},
      refuse: () => {},
    });
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
