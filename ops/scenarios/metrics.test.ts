import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { conversationId, shardOf, uuidv7 } from "#platform/runtime/ids.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** What a series says, its labels in the order in which they are told; undefined: it is not there. */
async function read(series: string): Promise<number | undefined> {
  const text = await (await fetch(`${stack.url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

test("a message that is sent, delivered and stored is seen in the metrics", async () => {
  const [ann, ben] = [await stack.registerUser("ann_metrics"), await stack.registerUser("ben_metrics")];
  const chat = ann.client(ChatService);
  const { conversation } = await chat.createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: [ben.userId],
  });
  const id = conversationId(conversation?.conversationId ?? "");
  const frames = new Frames((signal) => ben.client(DeliveryService).subscribe({}, { signal }));
  await frames.find("caughtUp");
  expect(await read("parley_send_to_deliver_seconds_count")).toBe(0);
  expect(await read("parley_streams_open")).toBe(1);
  await chat.sendMessage({ clientId: uuidv7(), conversationId: id, content: { text: "hello" } });
  await frames.find("event");
  expect(await read("parley_send_to_deliver_seconds_count")).toBe(1);
  expect(await read("parley_send_to_deliver_seconds_sum")).toBeLessThan(5);
  await frames.end();
  expect(await read("parley_log_follow_seconds_count")).toBe(2);
  expect(await read('parley_log_append_seconds_count{outcome="appended"}')).toBe(2 + 4);
  expect(await read("parley_log_group_entries_count")).toBe(2);
  await stack.projected();
  expect(await read("parley_projector_entries_total")).toBe(2);
  expect(await read(`parley_projector_lag_seconds{shard="${shardOf(id)}"}`)).toBe(0);
  const method = "parley.chat.v1.ChatService/SendMessage";
  expect(await read(`parley_rpc_ended_total{method="${method}",code="ok"}`)).toBe(1);
});

test("a process tells what it holds and what it stands on", async () => {
  const shards = 4;
  expect(await read("parley_takeovers_total")).toBe(shards);
  expect(await read('parley_leases_held{group="projector"}')).toBe(shards);
  expect(await read('parley_engine_up{role="log",kind="sqlite"}')).toBe(1);
  expect(await read('parley_engine_up{role="store",kind="sqlite"}')).toBe(1);
  expect(await read('parley_engine_up{role="ephemeral",kind="memory"}')).toBe(1);
  expect(await read("parley_shards_stopped")).toBe(0);
});
