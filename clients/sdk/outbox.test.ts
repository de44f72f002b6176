import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../platform/testing/until.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { RefusedError } from "./errors.ts";
import type { Refused } from "./outbox.ts";
import type { Parley } from "./parley.ts";
import { newPerson, openDevice, password, storagePath } from "./testing/devices.ts";
import { connectWithFaults } from "./testing/faults.ts";

describe("outbox", () => {
  let stack: Stack;
  let marvin: Parley;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());

  const talk = async (sender: Parley) => {
    marvin = await newPerson(stack.url);
    return (await sender.conversations.direct(marvin.session?.userId ?? "")).conversationId;
  };
  const texts = async (conversationId: string) =>
    (await marvin.conversations.history(conversationId, { limit: 1_000 })).map((message) => message.content?.text);

  it("sends what was posted at once, in order, and reads see it", async () => {
    const sender = await newPerson(stack.url);
    const conversationId = await talk(sender);
    const words = Array.from({ length: 350 }, (_, index) => `message ${index}`);
    const posted = words.map((text) => sender.outbox.post(conversationId, { text }));
    const sent = await Promise.all(posted.map(({ sent }) => sent));
    expect(sent.map(({ messageCount }) => messageCount)).toEqual(words.map((_, index) => BigInt(index + 1)));
    expect(await texts(conversationId)).toEqual(words);
    expect(sender.outbox.waiting).toBe(0);
  });

  it("takes effect once and in order, whatever calls and answers are lost", async () => {
    const fault = fc.constantFrom("fine" as const, "lose call" as const, "lose answer" as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 250 }),
        async (faults, count) => {
          let turn = 0;
          const sender = await newPerson(stack.url, { connect: connectWithFaults(() => faults[turn++] ?? "fine") });
          const conversationId = await talk(sender);
          const words = Array.from({ length: count }, (_, index) => `message ${index}`);
          await Promise.all(words.map((text) => sender.send(conversationId, { text })));
          expect(await texts(conversationId)).toEqual(words);
          await Promise.all([sender.close(), marvin.close()]);
        },
      ),
      { numRuns: 4 },
    );
  });

  it("keeps what was not acknowledged for the next run, whatever the last one knew", async () => {
    const path = storagePath();
    const first = await openDevice(stack.url, path, { connect: connectWithFaults(() => "lose answer") });
    await first.register({ handle: "leftover", password });
    const conversationId = await talk(first);
    const posted = ["one", "two", "three"].map((text) => first.outbox.post(conversationId, { text }));
    await until(async () => ((await texts(conversationId)).length === 3 ? "" : "not all arrived"));
    await first.close();
    const outcomes = await Promise.allSettled(posted.map(({ sent }) => sent));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);

    const second = await openDevice(stack.url, path);
    expect(second.outbox.waiting).toBe(3);
    await second.send(conversationId, { text: "four" });
    expect(await texts(conversationId)).toEqual(["one", "two", "three", "four"]);
    expect(second.outbox.waiting).toBe(0);
  });

  it("tells of a message that the server refuses, and sends those around it", async () => {
    const sender = await newPerson(stack.url);
    const conversationId = await talk(sender);
    const refused: Refused[] = [];
    sender.outbox.onRefused((refusal) => refused.push(refusal));
    const posted = ["before", "x".repeat(20_000), "after"].map((text) => sender.outbox.post(conversationId, { text }));
    const outcomes = await Promise.allSettled(posted.map(({ sent }) => sent));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(refused.map(({ entry }) => entry.clientId)).toEqual([posted[1]?.clientId]);
    expect(refused[0]?.error).toBeInstanceOf(RefusedError);
    expect(await texts(conversationId)).toEqual(["before", "after"]);
  });

  it("refuses at once what goes to a conversation that is not the sender's", async () => {
    const stranger = await newPerson(stack.url);
    const conversationId = await talk(await newPerson(stack.url));
    const error = await stranger.send(conversationId, { text: "hi" }).catch((failure) => failure);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.reason).toEqual({ service: "chat", reason: "NOT_A_MEMBER" });
    expect(stranger.outbox.waiting).toBe(0);
  });

  it("makes ids that rise from run to run, though the clock was turned back", async () => {
    const path = storagePath();
    const first = await openDevice(stack.url, path);
    await first.register({ handle: "timeless", password });
    const conversationId = await talk(first);
    const before = first.outbox.post(conversationId, { text: "before" });
    await before.sent;
    await first.close();
    const second = await openDevice(stack.url, path, { now: () => Date.now() - 86_400_000 });
    const after = second.outbox.post(conversationId, { text: "after" });
    await after.sent;
    expect(after.clientId > before.clientId).toBe(true);
  });
});
