import { expect, test } from "vitest";
import { newConversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { ConversationReads } from "../reads/conversation-reads.ts";
import { ada, bob, createGroup, post } from "../testing/commands.ts";
import { expectWhole, reasonOf, textsOf } from "../testing/logged-events.ts";
import { openFiles, startSequencing } from "../testing/sequencing.ts";

/** A store that can be away: it answers nothing then. */
function openStore() {
  const store = { isAway: false, asked: 0, atOnce: 0 };
  let asking = 0;
  const guarded = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    store.asked++;
    store.atOnce = Math.max(store.atOnce, ++asking);
    try {
      await new Promise(setImmediate);
      if (store.isAway) throw new Error("the store is away");
      return await answer();
    } finally {
      asking--;
    }
  };
  const beforeReads = (reads: ConversationReads): ConversationReads => ({
    ...reads,
    conversation: (id) => guarded(() => reads.conversation(id)),
    memberships: (id, users: readonly UserId[]) => guarded(() => reads.memberships(id, users)),
  });
  return { store, beforeReads };
}

const unknown = chatErrors.OUTCOME_UNKNOWN.reason;

test("while the store is away what is at hand goes on, and only what must be read waits for it", async () => {
  const files = await openFiles();
  const { store, beforeReads } = openStore();
  const [warm, cold] = [newConversationId(0), newConversationId(0)];
  const first = await startSequencing(files);
  await first.submit(createGroup(warm, [ada, bob]));
  await first.stop();
  const { submit, sequencer } = await startSequencing(files, { beforeReads });
  await submit(post(warm, ada, "one"));
  store.isAway = true;
  const [away, sent] = sequencer
    .submit([post(cold, ada, "nowhere")])
    .concat(sequencer.submit([post(warm, ada, "two")]));
  expect(await reasonOf(away)).toBe(unknown);
  expect(await sent).toMatchObject({ seq: 3 });
  expect(await submit(post(warm, ada, "three"))).toMatchObject({ seq: 4 });
  expect(await reasonOf(submit(post(warm, bob, "as whom, is not known")))).toBe(unknown);
  store.isAway = false;
  expect(await submit(post(warm, bob, "four"))).toMatchObject({ seq: 5 });
  expect(await reasonOf(submit(post(warm, userId("eve"), "never")))).toBe(chatErrors.NOT_A_MEMBER.reason);
  expect(textsOf(await expectWhole(files, warm))).toEqual(["one", "two", "three", "four"]);
});

test("conversations that are not at hand are read at the same time", async () => {
  const files = await openFiles();
  const { store, beforeReads } = openStore();
  const first = await startSequencing(files);
  const ids = Array.from({ length: 50 }, () => newConversationId(0));
  await Promise.all(ids.map((id) => first.submit(createGroup(id, [ada]))));
  await first.stop();
  const { sequencer } = await startSequencing(files, { beforeReads });
  const sent = await Promise.all(ids.flatMap((id) => sequencer.submit([post(id, ada, "one"), post(id, ada, "two")])));
  expect(sent.map(({ seq }) => seq)).toEqual(ids.flatMap(() => [2, 3]));
  expect([store.asked, store.atOnce]).toEqual([2 * ids.length, ids.length]);
});
