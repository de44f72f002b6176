import { describe, expect, test } from "vitest";
import { newConversationId } from "#platform/runtime/ids.ts";
import { eventRow, messageRow, type ProjectedStores, writeRows } from "../testing/rows.ts";
import { eventsPerBucket, messagesPerBucket } from "./history-store.ts";

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** What holds of every engine that events and messages are read from. */
export function describeHistoryStore(engine: string, open: () => ProjectedStores): void {
  describe(`history on ${engine}`, () => {
    test("events are read in order over the borders of partitions, at most so many", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const last = 2 * eventsPerBucket + 2;
      await writeRows(stores, { events: span(1, last).map((seq) => eventRow(id, seq)) });
      const seqs = async (from: number, to: number, limit = 10_000) =>
        (await stores.history.events(id, from, to, limit)).map(({ seq }) => seq);
      for (const border of [eventsPerBucket, 2 * eventsPerBucket]) {
        for (const seq of span(border - 1, border + 1)) expect(await seqs(seq, seq)).toEqual([seq]);
        expect(await seqs(border - 2, border + 2)).toEqual(span(border - 2, border + 2));
        expect(await seqs(border - 2, border + 2, 3)).toEqual(span(border - 2, border));
        expect(await seqs(border - 1, last, 1)).toEqual([border - 1]);
      }
      expect(await seqs(1, last)).toEqual(span(1, last));
      expect(await seqs(last + 1, last + 5_000)).toEqual([]);
      expect([await seqs(5, 4), await seqs(1, 9, 0)]).toEqual([[], []]);
      expect(await stores.history.events(newConversationId(0), 1, 10, 10)).toEqual([]);
      expect((await stores.history.events(id, 7, 7, 1))[0]).toMatchObject({ seq: 7, position: 7 });
    });

    test("messages are read in both directions over the borders of partitions", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const last = 2 * messagesPerBucket + 2;
      await writeRows(stores, { messages: span(1, last).map((count) => messageRow(id, count)) });
      const counts = async (from: number, to: number, order: "rising" | "falling", limit = 10_000) =>
        (await stores.history.messages(id, from, to, order, limit)).map(({ messageCount }) => messageCount);
      for (const border of [messagesPerBucket, 2 * messagesPerBucket]) {
        const around = span(border - 2, border + 2);
        expect(await counts(border - 2, border + 2, "rising")).toEqual(around);
        expect(await counts(border - 2, border + 2, "falling")).toEqual(around.toReversed());
        expect(await counts(border - 2, border + 2, "rising", 3)).toEqual(around.slice(0, 3));
        expect(await counts(border - 2, border + 2, "falling", 3)).toEqual(around.slice(2).toReversed());
        for (const count of around) expect((await stores.history.message(id, count))?.seq).toBe(count + 1);
      }
      expect(await counts(1, last, "falling", 1)).toEqual([last]);
      expect(await counts(9, 8, "rising")).toEqual([]);
      expect(await stores.history.message(id, last + 1)).toBeUndefined();
    });

    test("a message is read as it was written", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const edited = messageRow(id, 1, { edited: Buffer.from("edited"), editSeqs: [5, 9], deleted: true });
      await writeRows(stores, { messages: [edited, messageRow(id, 2)] });
      const [first, second] = await stores.history.messages(id, 1, 2, "rising", 2);
      expect(first).toEqual({
        ...edited,
        posted: new Uint8Array(edited.posted),
        edited: new Uint8Array(Buffer.from("edited")),
      });
      expect(second).toMatchObject({ edited: undefined, editSeqs: [], deleted: false });
    });

    test("deletions are counted above one number and up to another, once each", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const deletions = [2, 4, 6, 8].map((targetSeq) => ({ conversationId: id, targetSeq }));
      await writeRows(stores, { deletions });
      await writeRows(stores, { deletions });
      expect(await stores.history.deletedSeqs(id, 2, 8, 10)).toEqual([4, 6, 8]);
      expect(await stores.history.deletedSeqs(id, 0, 7, 2)).toEqual([2, 4]);
      expect(await stores.history.deletedSeqs(newConversationId(0), 0, 9, 10)).toEqual([]);
    });
  });
}
