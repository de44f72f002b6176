import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { peerHeaders } from "#platform/rpc/peers/peer-proof.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { any, startChatFleet } from "../testing/chat-fleet.ts";
import { ownerHint } from "./attempts.ts";

test("any process takes every change, and what it acknowledges is read at once from any other", async () => {
  const fleet = await startChatFleet(3);
  const { conversationId, as } = await fleet.makeGroup();
  const texts: string[] = [];
  for (let round = 0; round < 10; round++) {
    for (const { chat } of fleet.processes) {
      const text = `message ${texts.length}`;
      const request = { clientId: uuidv7(), conversationId, content: { text } };
      const { after } = await chat.sendMessage(request, callAs(as));
      texts.push(text);
      for (const reader of fleet.processes) {
        const { messages } = await reader.chat.listMessages({ conversationId, after, pageSize: 100 }, callAs(as));
        expect(messages.map(({ content }) => content?.text)).toEqual(texts.toReversed());
      }
    }
  }
});

test("a client id has one effect, whichever processes are asked at the same time", async () => {
  const fleet = await startChatFleet(3);
  const { conversationId, as } = await fleet.makeGroup();
  const request = { clientId: uuidv7(), conversationId, content: { text: "once" } };
  const asked = Array.from({ length: 30 }, (_, index) =>
    fleet.processes[index % 3]?.chat.sendMessage(request, callAs(as)),
  );
  const answers = await Promise.all(asked);
  expect(new Set(answers.map((answer) => answer?.seq))).toEqual(new Set([2n]));
  expect(answers.filter((answer) => answer?.duplicate === false)).toHaveLength(1);
  const creation = { clientId: uuidv7(), kind: 2, name: "once" };
  const made = await Promise.all(
    Array.from({ length: 12 }, (_, index) => fleet.processes[index % 3]?.chat.createConversation(creation, callAs(as))),
  );
  expect(new Set(made.map((answer) => answer?.conversation?.conversationId)).size).toBe(1);
});

test("a batch, members, edits and deletions are passed on as well", async () => {
  const fleet = await startChatFleet(2);
  const { conversationId, as } = await fleet.makeGroup();
  const holder = fleet.holderOf(conversationId);
  const other = fleet.processes.find((process) => process !== holder);
  if (!other) throw new Error("there is no other process");
  const { chat } = other;
  const items = ["one", "two"].map((text) => ({ clientId: uuidv7(), content: { text } }));
  const { results } = await chat.sendMessages({ conversationId, items }, callAs(as));
  expect(results.map(({ outcome }) => outcome.case)).toEqual(["sent", "sent"]);
  await chat.editMessage({ clientId: uuidv7(), conversationId, targetSeq: 2n, content: { text: "uno" } }, callAs(as));
  await chat.deleteMessage({ clientId: uuidv7(), conversationId, targetSeq: 3n }, callAs(as));
  const { after } = await chat.updateConversation({ clientId: uuidv7(), conversationId, name: "new" }, callAs(as));
  const { conversation } = await holder.chat.getConversation({ conversationId, after }, callAs(as));
  expect(conversation).toMatchObject({ name: "new", headSeq: 6n });
});

test("who is asked as the owner and is not says who is", async () => {
  const fleet = await startChatFleet(2);
  const { conversationId, as } = await fleet.makeGroup();
  const holder = fleet.holderOf(conversationId);
  const other = fleet.processes.find((process) => process !== holder);
  const headers = { [peerHeaders.passedOn]: "1" };
  const request = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
  const failure = await other?.chat.sendMessage(request, callAs(as, { headers })).catch(ConnectError.from);
  if (!(failure instanceof ConnectError)) throw new Error("it was answered");
  expect(failure.findDetails(ChatErrorSchema).map(({ reason }) => reason)).toEqual([ChatErrorReason.NOT_OWNER]);
  expect(failure.metadata.get(ownerHint)).toBe(holder.self.id);
});

test("a process makes conversations on shards of its own", async () => {
  const fleet = await startChatFleet(2);
  for (const process of fleet.processes) {
    const { conversationId } = await fleet.makeGroup(process);
    expect(fleet.holderOf(conversationId)).toBe(process);
  }
});

test("marks say what was read of another process, at once", async () => {
  const fleet = await startChatFleet(2);
  const { conversationId, as } = await fleet.makeGroup();
  for (let round = 0; round < 10; round++) {
    for (const { chat } of fleet.processes) {
      const request = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
      const { seq: readSeq } = await any(fleet.processes).chat.sendMessage(request, callAs(as));
      const { marks } = await chat.setMarks({ clientId: uuidv7(), conversationId, readSeq }, callAs(as));
      expect(marks?.readSeq).toBe(readSeq);
    }
  }
});
