import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Acknowledged, createAcknowledged, keptLimits } from "./acknowledged.ts";
import { createClientIds } from "./client-ids.ts";
import { ContentSchema } from "./contract.ts";
import type { OutboxEntry } from "./outbox-entry.ts";
import { createMemoryStorage } from "./storage-memory.ts";

const nextId = createClientIds();

function entryOf(conversationId: string, text: string): OutboxEntry {
  return { clientId: nextId(), conversationId, content: create(ContentSchema, { text }) };
}

/** A device's storage, with the messages that its runs keep there. */
function openDevice(limits = keptLimits) {
  const storage = createMemoryStorage();
  const clock = { now: 1_000_000_000_000 };
  const run = () => createAcknowledged("me", storage, () => clock.now, limits);
  const keep = async (acknowledged: Acknowledged, conversationId: string, seq: bigint, text = "") =>
    storage.write(await acknowledged.keep([{ entry: entryOf(conversationId, text), seq }]));
  const texts = async (acknowledged: Acknowledged, lost?: Parameters<Acknowledged["take"]>[0]) =>
    (await acknowledged.take(lost)).entries.map(({ content }) => content.text);
  return { storage, clock, run, keep, texts };
}

it("gives back what was lost of one conversation, in its order, whichever run kept it", async () => {
  const { run, keep, texts } = openDevice();
  for (const seq of [3n, 2n, 5n, 4n]) await keep(run(), "here", seq, `event ${seq}`);
  await keep(run(), "there", 3n, "elsewhere");
  const lost = { conversationId: "here", fromSeq: 3n, toSeq: 4n };
  expect(await texts(run(), lost)).toEqual(["event 3", "event 4"]);
  expect(await texts(run())).toEqual(["event 2", "event 3", "elsewhere", "event 4", "event 5"]);
});

it("lets go of what it gave back with the changes that come with it", async () => {
  const { storage, run, keep, texts } = openDevice();
  for (const seq of [1n, 2n]) await keep(run(), "here", seq, `event ${seq}`);
  const { changes } = await run().take({ conversationId: "here", fromSeq: 2n, toSeq: 9n });
  await storage.write(changes);
  expect(await texts(run())).toEqual(["event 1"]);
  await storage.write(await run().clear());
  expect(await storage.list("")).toEqual([]);
});

it("keeps the latest within its limits, across runs", async () => {
  const runs = fc.array(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(runs, async (lengths) => {
      const limits = { messages: 5, characters: 1_000, ageMs: 1_000 };
      const { storage, run, keep } = openDevice(limits);
      let seq = 0n;
      for (const ofRun of lengths) {
        const acknowledged = run();
        for (const length of ofRun) await keep(acknowledged, "here", ++seq, "x".repeat(length));
      }
      const rows = await storage.list("");
      const characters = rows.reduce((sum, [, text]) => sum + text.length, 0);
      expect(rows.length).toBeLessThanOrEqual(limits.messages);
      expect(characters).toBeLessThanOrEqual(limits.characters);
      const { entries } = await run().take(undefined);
      const all = lengths.flat();
      expect(entries.map(({ content }) => content.text.length)).toEqual(all.slice(all.length - entries.length));
      // One more would have been too many, of either: what wraps a text is less than 150 characters.
      const next = all.at(-1 - entries.length);
      if (next !== undefined && entries.length < limits.messages)
        expect(characters + next + 150).toBeGreaterThan(1_000);
    }),
    { numRuns: 60 },
  );
});

it("gives nothing back that is older than a day, and lets go of it with the next message", async () => {
  const { storage, clock, run, keep, texts } = openDevice();
  await keep(run(), "here", 1n, "old");
  clock.now += keptLimits.ageMs;
  expect(await texts(run())).toEqual([]);
  await keep(run(), "here", 2n, "new");
  expect(await storage.list("")).toHaveLength(1);
  expect(await texts(run())).toEqual(["new"]);
});
