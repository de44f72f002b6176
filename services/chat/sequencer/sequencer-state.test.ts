import { expect, test } from "vitest";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { createSqliteIdempotence } from "../stores/idempotence-store-sqlite.ts";
import { ada, bob, createGroup, nextClientId, phone, post } from "../testing/commands.ts";
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

test("a client id that was stored but lost with the log is new, and in the next life stands for what it leads to", async () => {
  const files = await openFiles();
  const id = newConversationId(0);
  const first = await startSequencing(files);
  await first.submit(createGroup(id, [ada]));
  await first.stop();
  // Of what the projector was writing when the store and the log lost their power, this row alone was durable.
  const clientId = nextClientId();
  const lost = { sql: "INSERT INTO sent_id VALUES (?, ?, ?, ?, 5, 4, 0, x'00')", params: [id, ada, phone, clientId] };
  await files.db.write([lost]);
  const again = async () => {
    const next = await startSequencing(files, { incarnation: 2 });
    const outcome = await next.submit(post(id, ada, "hello", { clientId }));
    await next.stop();
    return outcome;
  };
  const seq = 2 * 2 ** 32;
  expect(await again()).toMatchObject({ seq, duplicate: false });
  expect(await again()).toMatchObject({ seq, duplicate: true });
});
