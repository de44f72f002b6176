import fc from "fast-check";
import { expect, test } from "vitest";
import { HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { conversationId, type UserId } from "#platform/runtime/ids.ts";
import { countUnreadByHand } from "../testing/by-hand.ts";
import { History, people, steps } from "../testing/histories.ts";
import { applyToConversation, type ConversationView } from "./conversation-view.ts";
import { applyToMembership, type MembershipView } from "./membership-view.ts";
import { countUnread, maxUnread } from "./unread.ts";

const id = conversationId("conversation");

/** The views of a user, and messages and deletions as a store tells them. */
function viewsOf({ entries }: History, user: UserId, history: HistoryPolicy) {
  let [conversation, membership]: [ConversationView | undefined, MembershipView | undefined] = [undefined, undefined];
  for (const entry of entries) {
    conversation = applyToConversation(conversation, entry);
    membership = applyToMembership(membership, user, entry, history);
  }
  return { conversation, membership };
}

test("unread is what counting by hand gives, for everybody, at any mark", async () => {
  const policy = fc.constantFrom(HistoryPolicy.FROM_JOIN, HistoryPolicy.FROM_START);
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(steps(60), policy, share, async (script, history, readTo) => {
      const written = new History(id, script, history);
      const { entries, messages } = written;
      const countAt = (seq: number) => ({ seq, count: Number(entries[seq - 1]?.event.messageCount ?? 0) });
      for (const user of people) {
        const { conversation, membership } = viewsOf(written, user, history);
        const lastRange = membership?.ranges.at(-1);
        if (!conversation || !membership || !lastRange) continue;
        const end = Math.min(lastRange.to, conversation.headSeq);
        const readSeq = Math.floor(readTo * end);
        const unread = await countUnread({
          end: countAt(end),
          read: countAt(readSeq),
          lastOwn: membership.lastOwn,
          lastJoin: membership.joined,
          deletedWithin: (from, to) => messages.filter(({ seq, deleted }) => deleted && seq > from && seq <= to).length,
        });
        const events = entries.map(({ event }) => event);
        expect(unread).toEqual({ count: countUnreadByHand(events, user, readSeq), more: false });
      }
    }),
    { numRuns: 300 },
  );
});

test("above 9,999 it says more, and it is never less than nothing", async () => {
  const none = { seq: 0, count: 0 };
  const base = { read: none, lastOwn: none, lastJoin: none, deletedWithin: () => 0 };
  const at = (count: number) => ({ seq: count, count });
  expect(await countUnread({ ...base, end: at(maxUnread) })).toEqual({ count: 9999, more: false });
  expect(await countUnread({ ...base, end: at(maxUnread + 1) })).toEqual({ count: 9999, more: true });
  expect(await countUnread({ ...base, end: at(20_000), deletedWithin: () => 10_001 })).toEqual({
    count: 9999,
    more: false,
  });
  expect(await countUnread({ ...base, end: at(5), deletedWithin: () => 6 })).toEqual({ count: 0, more: false });
  expect(await countUnread({ ...base, end: at(5), read: at(9) })).toEqual({ count: 0, more: false });
});
