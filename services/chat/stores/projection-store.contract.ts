import { describe, expect, test } from "vitest";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import {
  conversationRow,
  eventRow,
  membershipRow,
  messageRow,
  type ProjectedStores,
  writeRows,
} from "../testing/rows.ts";

/** The last life that a log may have. */
const lastIncarnation = 2 ** 20 - 1;

/** What holds of every engine that the projector writes to. */
export function describeProjectionStore(engine: string, open: () => ProjectedStores): void {
  const ada = userId("ada");
  const rowsAt = (id: ReturnType<typeof newConversationId>, position: number, name: string, incarnation = 1) => {
    const stamp = { position, incarnation };
    const posted = Buffer.from(name);
    return {
      conversations: [conversationRow(id, { name, ...stamp })],
      memberships: [membershipRow(id, ada, { joined: { seq: position, count: 1 }, ...stamp })],
      messages: [messageRow(id, 1, { posted, ...stamp })],
      events: [eventRow(id, 2, name, position, incarnation)],
    };
  };
  const told = async ({ conversations, history }: ProjectedStores, id: ReturnType<typeof newConversationId>) => ({
    name: (await conversations.conversation(id))?.name,
    joined: (await conversations.membership(id, ada))?.joined.seq,
    posted: String(Buffer.from((await history.message(id, 1))?.posted ?? [])),
    event: (await history.events(id, 2, 2, 1)).map(({ event }) => String(Buffer.from(event))),
  });
  const expected = (position: number, name: string) => ({ name, joined: position, posted: name, event: [name] });

  describe(`projection on ${engine}`, () => {
    test("a newer row takes the place of an older one, and never the other way round", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      await writeRows(stores, rowsAt(id, 10, "ten"));
      await writeRows(stores, rowsAt(id, 20, "twenty"));
      expect(await told(stores, id)).toEqual(expected(20, "twenty"));
      await writeRows(stores, rowsAt(id, 19, "late"));
      expect(await told(stores, id)).toEqual(expected(20, "twenty"));
      await writeRows(stores, rowsAt(id, 20, "twenty"));
      expect(await told(stores, id)).toEqual(expected(20, "twenty"));
    });

    test("a later life of the log is newer, whatever the positions", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      await writeRows(stores, rowsAt(id, 1_000, "first life"));
      await writeRows(stores, rowsAt(id, 5, "second life", 2));
      expect(await told(stores, id)).toEqual(expected(5, "second life"));
      await writeRows(stores, rowsAt(id, 2_000, "first life, late"));
      expect(await told(stores, id)).toEqual(expected(5, "second life"));
      await writeRows(stores, rowsAt(id, 2 ** 42 - 1, "last life", lastIncarnation));
      expect(await told(stores, id)).toEqual(expected(2 ** 42 - 1, "last life"));
    });

    test("of several rows of one key in one write the newest stands", async () => {
      const [stores, id] = [open(), newConversationId(0)];
      const events = [eventRow(id, 2, "newer", 20), eventRow(id, 2, "older", 10)];
      await writeRows(stores, { events });
      expect((await told(stores, id)).event).toEqual(["newer"]);
    });

    test("who has left is still listed among the conversations of a user, but not among the members", async () => {
      const [stores, id, eve] = [open(), newConversationId(0), userId(`eve of ${engine}`)];
      await writeRows(stores, { memberships: [membershipRow(id, eve, { position: 1 })] });
      await writeRows(stores, { memberships: [membershipRow(id, eve, { position: 2, role: Role.UNSPECIFIED })] });
      expect(await stores.conversations.conversationsOf(eve)).toEqual([id]);
      expect(await stores.conversations.members(id, "", 10)).toEqual([]);
    });
  });
}
