import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContentSchema, SendMessagesRequestSchema } from "./contract.ts";
import { batchLength, entryFromText, entryToText, itemOf, maxBatchBytes, type OutboxEntry } from "./outbox-entry.ts";

const conversationId = "AAECAwQFBgcICQoLDA0ODxAR";

describe("outbox entries", () => {
  it("survive storage", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.boolean(), (text, action) => {
        const entry = entryOf(text, action);
        expect(entryFromText(entryToText(entry))).toEqual(entry);
      }),
    );
    expect(entryFromText("")).toBeUndefined();
  });

  it("fill a call up to 100 messages and 256 KiB, and never stop at none", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 16_384 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(lengths, (sizes) => {
        const entries = sizes.map((size) => entryOf("x".repeat(size)));
        const length = batchLength(entries);
        expect(length).toBeGreaterThanOrEqual(1);
        expect(length).toBeLessThanOrEqual(100);
        expect(requestBytes(entries.slice(0, length))).toBeLessThanOrEqual(maxBatchBytes);
        if (length < Math.min(100, entries.length)) {
          expect(requestBytes(entries.slice(0, length + 1))).toBeGreaterThan(maxBatchBytes - 2_048);
        }
      }),
      { numRuns: 30 },
    );
  });
});

function entryOf(text: string, action = false): OutboxEntry {
  return { clientId: crypto.randomUUID(), conversationId, content: create(ContentSchema, { text, action }) };
}

function requestBytes(entries: OutboxEntry[]): number {
  const request = create(SendMessagesRequestSchema, { conversationId, items: entries.map(itemOf) });
  return toBinary(SendMessagesRequestSchema, request).length;
}
