import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { countUnreadByHand, messagesByHand, visibleByHand } from "./testing/by-hand.ts";
import {
  makeGroup,
  type Person,
  projected,
  refusalOf,
  say,
  signIn,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let owner: Person;
let others: Person[];

beforeAll(async () => {
  const [ada, ...rest] = await signInThree(stack());
  [owner, others] = [ada, [...rest, await signIn(stack())]];
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const step = fc.record({
  kind: fc.constantFrom("post", "post", "post", "edit", "delete", "mark", "come", "go", "rename", "wait"),
  who: fc.nat(3),
  which: share,
  isRepeated: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Does one thing, perhaps twice; a refusal is as good as a success. */
async function run(id: string, head: number, { kind, who, which, isRepeated }: Step): Promise<void> {
  const person = [owner, ...others][who] ?? owner;
  const base = { clientId: uuidv7(), conversationId: id };
  const targetSeq = BigInt(Math.max(1, Math.ceil(which * head)));
  const calls: Record<Step["kind"], () => Promise<unknown>> = {
    post: () => person.chat.sendMessage({ ...base, content: { text: `said ${base.clientId}` } }),
    edit: () => person.chat.editMessage({ ...base, targetSeq, content: { text: `edited ${base.clientId}` } }),
    delete: () => person.chat.deleteMessage({ ...base, targetSeq }),
    mark: () => person.chat.setMarks({ ...base, readSeq: targetSeq }),
    come: () => owner.chat.addMembers({ ...base, userIds: [person.userId] }),
    // The owner stays, to read everything.
    go: () => owner.chat.removeMember({ ...base, userId: (others[who - 1] ?? others[0] ?? person).userId }),
    rename: () => owner.chat.updateConversation({ ...base, name: base.clientId }),
    wait: () => projected(stack()),
  };
  const results = await Promise.all(Array.from({ length: isRepeated ? 2 : 1 }, () => refusalOf(calls[kind]())));
  expect(new Set(results).size).toBe(1);
}

async function check(id: string, history: HistoryPolicy): Promise<void> {
  const { events } = await owner.chat.listEvents({ conversationId: id, pageSize: 1000 });
  expect(events.map(({ seq }) => Number(seq))).toEqual(events.map((_, index) => index + 1));
  for (const { userId, chat } of [owner, ...others]) {
    const seen = visibleByHand(events, userId, history);
    const listed = await refusalOf(chat.listEvents({ conversationId: id }));
    expect(listed === "done").toBe(seen.length > 0);
    if (seen.length === 0) continue;
    expect((await chat.listEvents({ conversationId: id, pageSize: 1000 })).events).toEqual(seen);
    const anchor = { case: "afterSeq" as const, value: 0n };
    const { messages } = await chat.listMessages({ conversationId: id, pageSize: 200, anchor });
    expect(messages.map(({ seq, content }) => [seq, content?.text])).toEqual(messagesByHand(seen));
    const { conversation } = await chat.getConversation({ conversationId: id });
    const readSeq = Number(conversation?.marks?.readSeq ?? 0);
    expect(conversation?.unread?.count).toBe(countUnreadByHand(events, userId, readSeq));
    expect(conversation).toMatchObject({ headSeq: seen.at(-1)?.seq, lastEvent: seen.at(-1) });
  }
}

test("whatever people do, each reads, counts and sees what an attentive reader of the events would", async () => {
  const policy = fc.constantFrom(HistoryPolicy.FROM_JOIN, HistoryPolicy.FROM_START);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 90 }), policy, async (steps, history) => {
      const id = await makeGroup([owner, ...others.slice(0, 2)], { history });
      for (const [index, one] of steps.entries()) {
        const { conversation } = await owner.chat.getConversation({ conversationId: id });
        await run(id, Number(conversation?.headSeq ?? 1n), one);
        if (index % 30 === 29) await check(id, history);
      }
      await say(owner, id, "the end");
      await check(id, history);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});
