import fc from "fast-check";
import { expect, test } from "vitest";
import { HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import { History, people, steps } from "../testing/histories.ts";
import { applyToConversation, type ConversationView } from "./conversation-view.ts";
import { applyToMembership, type MembershipView } from "./membership-view.ts";
import { isVisible } from "./visibility.ts";

const id = conversationId("conversation");

/** Each entry at its turn, and now and then an earlier stretch again. */
function withRepetitions(entries: readonly FollowedEntry[], repeats: readonly number[]): FollowedEntry[] {
  return entries.flatMap((entry, index) => {
    const back = repeats[index % Math.max(1, repeats.length)] ?? 0;
    return [entry, ...entries.slice(Math.max(0, index + 1 - back), index + 1)];
  });
}

test("views do not change when entries are applied again or late", () => {
  fc.assert(
    fc.property(steps(40), fc.array(fc.nat(9), { maxLength: 10 }), (script, repeats) => {
      const { entries } = new History(id, script);
      const shaken = withRepetitions(entries, repeats);
      const none: ConversationView | undefined = undefined;
      expect(shaken.reduce<ConversationView | undefined>(applyToConversation, none)).toEqual(
        entries.reduce<ConversationView | undefined>(applyToConversation, none),
      );
      for (const user of people) {
        const fold = (view: MembershipView | undefined, entry: FollowedEntry) =>
          applyToMembership(view, user, entry, HistoryPolicy.FROM_JOIN);
        expect(shaken.reduce(fold, undefined)).toEqual(entries.reduce(fold, undefined));
      }
    }),
  );
});

test("the views say who is there, what they may see, and where the conversation is", () => {
  fc.assert(
    fc.property(steps(60), (script) => {
      const { entries, messages, present } = new History(id, script);
      const conversation = entries.reduce<ConversationView | undefined>(applyToConversation, undefined);
      expect(conversation).toMatchObject({
        headSeq: entries.length,
        messageCount: messages.length,
        memberCount: present.size,
      });
      for (const user of people) {
        const fold = (view: MembershipView | undefined, entry: FollowedEntry) =>
          applyToMembership(view, user, entry, HistoryPolicy.FROM_JOIN);
        const view = entries.reduce(fold, undefined);
        expect((view?.role ?? 0) !== 0).toBe(present.has(user));
        let isHere = false;
        for (const { seq, event } of entries) {
          const { body } = event;
          const added = body.case === "conversationCreated" || body.case === "membersAdded" ? body.value.members : [];
          if (added.some(({ userId }) => userId === user)) isHere = true;
          expect(isVisible(view?.ranges ?? [], seq)).toBe(isHere);
          if (body.case === "memberRemoved" && body.value.userId === user) isHere = false;
        }
      }
    }),
  );
});
