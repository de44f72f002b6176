import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { MarkStore, StoredMark } from "./mark-store.ts";

/** What holds of every engine that marks are kept in. */
export function describeMarkStore(engine: string, open: () => MarkStore): void {
  const newUser = () => userId(uuidv7());
  const markOf = (readSeq: number, deliveredSeq: number): StoredMark => ({
    conversationId: newConversationId(0),
    userId: newUser(),
    read: { seq: readSeq, count: readSeq * 10 },
    deliveredSeq,
  });

  describe(`marks on ${engine}`, () => {
    test("there is none before one is raised", async () => {
      const [store, mark] = [open(), markOf(1, 1)];
      expect(await store.mark(mark.conversationId, mark.userId)).toBeUndefined();
      expect(await store.marks(mark.conversationId, [mark.userId])).toEqual([]);
      expect(await store.changedSince(mark.userId, 0)).toEqual([]);
    });

    test("raising gives the larger of each field, in whatever order and however often it is done", async () => {
      const store = open();
      const raises = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(raises, async (steps) => {
          const mark = markOf(0, 0);
          let [read, delivered] = [0, 0];
          const raise = (step: readonly [number, number]) => {
            const { conversationId, userId: user } = mark;
            return store.raise({ ...markOf(...step), conversationId, userId: user }, 1);
          };
          for (const step of steps) {
            [read, delivered] = [Math.max(read, step[0]), Math.max(delivered, step[1])];
            const expected = { ...mark, read: { seq: read, count: read * 10 }, deliveredSeq: delivered };
            expect(await raise(step)).toEqual(expected);
          }
          const last = await store.mark(mark.conversationId, mark.userId);
          await Promise.all(steps.map(raise));
          expect(await store.mark(mark.conversationId, mark.userId)).toEqual(last);
        }),
        { numRuns: 30 },
      );
    });

    test("marks of some users of a conversation leave out who has none", async () => {
      const [store, mark, other] = [open(), markOf(3, 4), newUser()];
      await store.raise(mark, 1);
      expect(await store.marks(mark.conversationId, [other, mark.userId])).toEqual([mark]);
      expect(await store.marks(newConversationId(0), [mark.userId])).toEqual([]);
    });

    test("a user's own marks are listed that were raised at or after a time", async () => {
      const [store, user] = [open(), newUser()];
      const marks = [markOf(1, 1), markOf(2, 2)].map((mark) => ({ ...mark, userId: user }));
      for (const [index, mark] of marks.entries()) await store.raise(mark, 100 * (index + 1));
      await store.raise(markOf(5, 5), 1_000);
      expect(new Set(await store.changedSince(user, 100))).toEqual(new Set(marks));
      expect(await store.changedSince(user, 101)).toEqual(marks.slice(1));
      expect(await store.changedSince(user, 201)).toEqual([]);
      for (const mark of marks) await store.raise(mark, 300);
      expect(await store.changedSince(user, 201)).toEqual([]);
      await store.raise({ ...(marks[0] ?? markOf(0, 0)), deliveredSeq: 9 }, 300);
      expect((await store.changedSince(user, 201)).map(({ deliveredSeq }) => deliveredSeq)).toEqual([9]);
    });
  });
}
