import { expect, test } from "vitest";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { createSqliteIdempotence } from "../stores/idempotence-store-sqlite.ts";
import { ada, bob, createGroup } from "../testing/commands.ts";
import { openFiles, startSequencing } from "../testing/sequencing.ts";
import { maxRoles, SequencerState } from "./sequencer-state.ts";

test("while a group is prepared no role that one of its commands needs is dropped; the next group begins with room", async () => {
  const files = await openFiles();
  const { submit, reads, following } = await startSequencing(files);
  const id = newConversationId(0);
  await submit(createGroup(id, [ada, bob]));
  const state = new SequencerState({ reads, following, idempotence: createSqliteIdempotence(files.db) });
  const strangers = Array.from({ length: maxRoles }, (_, index) => userId(`stranger ${index}`));
  state.beginGroup();
  await state.load(id, [ada, ...strangers]);
  const known = await state.load(id, [bob]);
  expect([ada, bob].map((user) => known.roles.get(user))).toEqual([Role.OWNER, Role.MEMBER]);
  state.beginGroup();
  expect((await state.load(id, [bob])).roles.size).toBe(1);
});
