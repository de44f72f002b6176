import { describe, expect, test } from "vitest";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { conversationRow, membershipRow, type ProjectedStores, writeRows } from "../testing/rows.ts";

/** What holds of every engine that conversations and memberships are read from. */
export function describeConversationStore(engine: string, open: () => ProjectedStores): void {
  describe(`conversations on ${engine}`, () => {
    test("are read as they were written, alone and by a list of keys", async () => {
      const [stores, id, other] = [open(), newConversationId(0), newConversationId(1)];
      const rows = [conversationRow(id), conversationRow(other, { pair: [userId("ada"), userId("bob")], voids: [] })];
      await writeRows(stores, { conversations: rows });
      expect(await stores.conversations.conversation(id)).toEqual(rows[0]);
      const listed = await stores.conversations.conversations([other, newConversationId(2), id]);
      expect(new Set(listed)).toEqual(new Set(rows));
      expect(await stores.conversations.conversation(newConversationId(0))).toBeUndefined();
    });

    test("memberships are point rows; those that are absent are left out", async () => {
      const [stores, id, ada, bob] = [open(), newConversationId(0), userId("ada"), userId("bob")];
      const row = membershipRow(id, ada);
      await writeRows(stores, { memberships: [row] });
      expect(await stores.conversations.membership(id, ada)).toEqual(row);
      expect(await stores.conversations.membership(id, bob)).toBeUndefined();
      expect(await stores.conversations.memberships(id, [bob, ada])).toEqual([row]);
      expect(await stores.conversations.memberships(newConversationId(0), [ada])).toEqual([]);
    });

    test("members are those present above a key, in order, at most so many", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const users = ["a", "b", "c", "d", "e"].map(userId);
      const memberships = users.map((user) =>
        membershipRow(id, user, { role: user === "c" ? Role.UNSPECIFIED : Role.MEMBER }),
      );
      await writeRows(stores, { memberships });
      const page = async (after: string, limit: number) =>
        (await stores.conversations.members(id, after, limit)).map((view) => view.userId);
      expect(await page("", 10)).toEqual(["a", "b", "d", "e"]);
      expect(await page("a", 2)).toEqual(["b", "d"]);
      expect(await page("d", 2)).toEqual(["e"]);
      expect(await page("e", 2)).toEqual([]);
    });
  });
}
