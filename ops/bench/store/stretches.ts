import { clientId, deviceId, newConversationId, userId, uuidv7 } from "../../../platform/runtime/ids.ts";
import type { ProjectedRows } from "../../../services/chat/stores/projection-store.ts";
import { conversationRow, eventRow, membershipRow, messageRow } from "../../../services/chat/testing/rows.ts";

const conversations = 8;
const postsEach = 64;

/** Posts of a stretch of the log, as many as the projector writes at once. */
export const postsOfStretch = conversations * postsEach;

/** What the projector makes of stretch after stretch of one shard, in which eight busy groups talk. */
export function* stretches(): Generator<ProjectedRows, never> {
  const groups = Array.from({ length: conversations }, () => ({
    id: newConversationId(0),
    users: [userId(uuidv7()), userId(uuidv7())],
  }));
  for (let stretch = 0; ; stretch++) {
    const posts = groups.flatMap(({ id, users }, group) =>
      Array.from({ length: postsEach }, (_, index) => {
        const count = stretch * postsEach + index + 1;
        const position = stretch * postsOfStretch + group * postsEach + index + 1;
        return { id, count, position, user: users[index % users.length] ?? userId("nobody") };
      }),
    );
    const bytes = Buffer.alloc(180, 7);
    yield {
      conversations: groups.map(({ id }) => conversationRow(id, { position: (stretch + 1) * postsOfStretch })),
      memberships: groups.flatMap(({ id, users }) =>
        users.map((user) => membershipRow(id, user, { position: (stretch + 1) * postsOfStretch })),
      ),
      roles: [],
      messages: posts.map(({ id, count, position }) => messageRow(id, count, { posted: bytes, position })),
      events: posts.map(({ id, count, position }) => ({ ...eventRow(id, count, "", position), event: bytes })),
      deletions: [],
      sentIds: posts.map(({ id, count, user }) => ({
        conversationId: id,
        userId: user,
        deviceId: deviceId("phone"),
        clientId: clientId(uuidv7()),
        seq: count,
        messageCount: count,
        timeMs: Date.now(),
        contentHash: Buffer.alloc(32, 7),
      })),
    };
  }
}

/** Rows that a stretch leads to; a membership is two, since users find their conversations by one of their own. */
export function rowsOf({ conversations, memberships, messages, events, deletions, sentIds }: ProjectedRows): number {
  return (
    conversations.length + 2 * memberships.length + messages.length + events.length + deletions.length + sentIds.length
  );
}
