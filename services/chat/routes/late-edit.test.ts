import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { pino } from "pino";
import { expect, test } from "vitest";
import { ChatService, ListMessagesRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import { identityKey } from "#platform/rpc/identity.ts";
import { deviceId, newConversationId, sessionId, userId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { createConversationReads } from "../reads/conversation-reads.ts";
import { createHistoryReads } from "../reads/history-reads.ts";
import { followMemberships } from "../reads/recent-memberships.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { openChatStore } from "../testing/chat-files.ts";
import { History, type Step } from "../testing/histories.ts";
import { historyRoutes } from "./history.ts";

const step = (kind: Step["kind"], who: number): Step => ({ kind, who, which: 0, gap: 0 });

test("who is removed while a page is read gets no edit that came after the removal", async () => {
  const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
  const { entries } = new History(id, [step("come", 1), step("post", 0), step("go", 1), step("edit", 0)]);
  const append = async (some: readonly FollowedEntry[]) => {
    for (const { position, bytes, header } of some) {
      const place = { position: BigInt(position), incarnation: 1n };
      await log.append(0, position - 1, create(RecordSchema, { ...place, entries: [{ event: bytes, header }] }));
    }
  };
  await append(entries.slice(0, 3));
  const following = await openFollowing({
    log,
    shards: 1,
    logger: pino({ level: "silent" }),
    watermark: async () => 0,
  });
  const history = createHistoryReads(createSqliteHistory(db), following);
  const routes = historyRoutes({
    conversations: createConversationReads(createSqliteConversations(db), following, followMemberships(following)),
    history: {
      ...history,
      async messages(...asked) {
        await append(entries.slice(3));
        await following.reached(0, 5, 5_000);
        return history.messages(...asked);
      },
    },
    after: { of: () => "", wait: async () => undefined },
  });
  const bob = {
    kind: "user",
    userId: userId("bob"),
    deviceId: deviceId("phone"),
    sessionId: sessionId("one"),
  } as const;
  const context = createHandlerContext({
    service: ChatService,
    method: ChatService.method.listMessages,
    protocolName: "test",
    requestMethod: "POST",
    url: "",
    contextValues: createContextValues().set(identityKey, bob),
  });
  const { messages = [] } = await routes.listMessages(
    create(ListMessagesRequestSchema, { conversationId: id }),
    context,
  );
  expect(messages.map(({ content }) => content?.text)).toEqual(["secret 3."]);
  following.close();
});
