import { expect, test } from "vitest";
import type { Content } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { databaseOf } from "../testing/database.ts";
import { makeGroup, projected, signInThree, useStack } from "./testing/chatting.ts";

const stack = useStack();

test("a sent content is stored without the fields that the contract does not know", async () => {
  const [ada, bob] = await signInThree(stack());
  const id = await makeGroup([ada, bob]);
  const marker = Buffer.from("not in the contract");
  const smuggled = { no: 999, wireType: 2, data: Buffer.concat([Buffer.of(marker.length), marker]) };
  const withUnknown = {
    $typeName: "parley.chat.v1.Content",
    text: "hello",
    attachments: [],
    replyTo: 0n,
    action: false,
    $unknown: [smuggled],
  } satisfies Content;
  const { seq } = await ada.chat.sendMessage({ clientId: uuidv7(), conversationId: id, content: withUnknown });
  await ada.chat.editMessage({ clientId: uuidv7(), conversationId: id, targetSeq: seq, content: withUnknown });
  await projected(stack());
  const db = databaseOf(stack().boot);
  const rows = [
    ...db.query("SELECT event FROM event WHERE conversation_id = ?", id),
    ...db.query("SELECT posted, edited FROM message WHERE conversation_id = ?", id),
    ...db.query("SELECT last_event FROM conversation WHERE conversation_id = ?", id),
  ];
  const stored = rows.flatMap((row) => Object.values(row)).filter((value) => value instanceof Uint8Array);
  expect(stored).toHaveLength(6);
  const { following, log } = stack().boot;
  const logged: Uint8Array[] = [];
  for (let shard = 0; shard < following.shards; shard++) {
    for (const record of await log.read(shard, 1, Number.POSITIVE_INFINITY)) {
      logged.push(...record.entries.map(({ event }) => event));
    }
  }
  expect(Buffer.concat(logged).includes("hello")).toBe(true);
  for (const bytes of [...stored, ...logged]) expect(Buffer.from(bytes).includes(marker)).toBe(false);
});
