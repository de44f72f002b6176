import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { ChatService, Marks } from "#gen/parley/chat/v1/chat_pb.js";
import { type AskOne, gatherCalls } from "#platform/rpc/gathered-calls.ts";
import { callAs } from "#platform/rpc/identity.ts";
import type { UserId } from "#platform/runtime/ids.ts";

const asGateway = { kind: "service", name: "gateway" } as const;
/** Of a call that may ask for many. */
const timeoutMs = 15_000;

/** Whose own marks, changed since when: milliseconds. */
interface Query {
  readonly userId: UserId;
  readonly since: number;
}

/** Asks for the marks that users changed; of a user who is asked for twice in one call, those since the earlier time. */
export function changedMarks(chat: Client<typeof ChatService>): AskOne<Query, readonly Marks[]> {
  return gatherCalls(async (queries) => {
    const earliest = new Map<UserId, number>();
    for (const { userId, since } of queries) {
      earliest.set(userId, Math.min(since, earliest.get(userId) ?? since));
    }
    const further = [...earliest].map(([userId, since]) => ({ userId, since: timestampFromMs(Math.max(0, since)) }));
    const { marks } = await chat.listChangedMarks({ further }, callAs(asGateway, { timeoutMs }));
    const byUser = Map.groupBy(marks, ({ userId }) => userId);
    return queries.map(({ userId }) => byUser.get(userId) ?? []);
  });
}
