import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlRow, CqlSession } from "#platform/engines/cql.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { MembershipView } from "../views/membership-view.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { conversationColumns, conversationFrom, membershipColumns, membershipFrom } from "./rows.ts";

/** Most partitions that one call reads at the same time. */
const maxAtOnce = 32;
/** Most keys that one statement names; ScyllaDB takes no more. */
const maxKeys = 100;

const conversationCql = `SELECT ${conversationColumns} FROM conversation WHERE conversation_id = ?`;
const membershipCql = `SELECT ${membershipColumns} FROM membership WHERE conversation_id = ?`;

export function createCqlConversations(session: CqlSession): ConversationStore {
  const conversation: ConversationStore["conversation"] = async (id) => {
    const row = await session.get(conversationCql, id);
    return isWhole(row) ? conversationFrom(row) : undefined;
  };
  return {
    conversation,
    async conversations(ids) {
      const found = await concurrently(ids, maxAtOnce, conversation);
      return found.filter((view) => view !== undefined);
    },
    async membership(id, user) {
      const row = await session.get(`${membershipCql} AND user_id = ?`, id, user);
      return row && membershipFrom(row);
    },
    async memberships(id, users) {
      const rows: CqlRow[] = [];
      for (let from = 0; from < users.length; from += maxKeys) {
        const some = users.slice(from, from + maxKeys);
        rows.push(...(await session.query(`${membershipCql} AND user_id IN ?`, id, some)));
      }
      return rows.map(membershipFrom);
    },
    async members(id, after, limit) {
      const members: MembershipView[] = [];
      if (limit <= 0) return members;
      for await (const row of session.rows(`${membershipCql} AND user_id > ?`, id, after)) {
        if (row.role === Role.UNSPECIFIED) continue;
        if (members.push(membershipFrom(row)) >= limit) break;
      }
      return members;
    },
    async conversationsOf(user) {
      const ids: ReturnType<typeof conversationId>[] = [];
      const cql = "SELECT conversation_id FROM membership_by_user WHERE user_id = ?";
      for await (const row of session.rows(cql, user)) ids.push(conversationId(String(row.conversation_id)));
      return ids;
    },
  };
}

function isWhole(row: CqlRow | undefined): row is CqlRow {
  return row?.last_event instanceof Uint8Array;
}
