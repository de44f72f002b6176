import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { EventSchema, HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { concurrently } from "#platform/engines/concurrently.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { encodeEvent, tombstoneOf } from "#platform/log/tombstones.ts";
import { type ConversationId, clientId, deviceId, type UserId, userId } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import type { HistoryStore } from "../stores/history-store.ts";
import type { ProjectedRows } from "../stores/projection-store.ts";
import { applyToConversation, type ConversationView } from "../views/conversation-view.ts";
import { applyToMembership, type MembershipView, rolesSetBy, usersTouchedBy } from "../views/membership-view.ts";
import { applyToMessage, type MessageView, messageOf } from "../views/message-view.ts";
import type { WrittenViews } from "./written-views.ts";

type Mutable<Rows> = { -readonly [Key in keyof Rows]: Rows[Key] extends readonly (infer Row)[] ? Row[] : never };

/** Most partitions that are read at the same time. */
const readsAtOnce = 32;

/** Folds a stretch of one shard's log into whole rows, over what the store holds. */
export class Projection {
  readonly #conversations = new Map<ConversationId, ConversationView | undefined>();
  readonly #memberships = new Map<string, MembershipView | undefined>();
  readonly #messages = new Map<string, MessageView | undefined>();
  readonly #rows: Mutable<Pick<ProjectedRows, "events" | "deletions" | "sentIds">> = {
    events: [],
    deletions: [],
    sentIds: [],
  };
  readonly #roles = new Map<string, ProjectedRows["roles"][number]>();
  readonly #stores: { readonly conversations: ConversationStore; readonly history: HistoryStore };
  readonly #written: WrittenViews | undefined;

  /** Views that are known to have been written are not read. */
  constructor(stores: { conversations: ConversationStore; history: HistoryStore }, written?: WrittenViews) {
    this.#stores = stores;
    this.#written = written;
  }

  /** Reads, at once, the rows that folding the entries begins with. */
  async prepare(entries: readonly FollowedEntry[]): Promise<void> {
    const touched = new Map<ConversationId, Set<UserId>>();
    for (const { conversationId, event } of entries) {
      const users = touched.get(conversationId) ?? new Set();
      for (const user of usersTouchedBy(event)) users.add(user);
      touched.set(conversationId, users);
    }
    await this.#readConversations([...touched.keys()]);
    await concurrently([...touched], readsAtOnce, async ([id, users]) => await this.#readMemberships(id, [...users]));
  }

  async #readConversations(ids: readonly ConversationId[]): Promise<void> {
    for (const id of ids) this.#conversations.set(id, this.#written?.conversation(id));
    const unknown = ids.filter((id) => !this.#conversations.get(id));
    if (unknown.length === 0) return;
    for (const view of await this.#stores.conversations.conversations(unknown)) {
      this.#conversations.set(view.conversationId, view);
    }
  }

  async #readMemberships(id: ConversationId, users: readonly UserId[]): Promise<void> {
    for (const user of users) this.#memberships.set(membershipKey(id, user), this.#written?.membership(id, user));
    const unknown = users.filter((user) => !this.#memberships.get(membershipKey(id, user)));
    if (unknown.length === 0) return;
    for (const view of await this.#stores.conversations.memberships(id, unknown)) {
      this.#memberships.set(membershipKey(id, view.userId), view);
    }
  }

  async apply(entry: FollowedEntry): Promise<void> {
    const conversation = applyToConversation(await this.#conversation(entry.conversationId), entry);
    this.#conversations.set(entry.conversationId, conversation);
    for (const user of usersTouchedBy(entry.event)) await this.#applyToMembership(user, entry, conversation);
    this.#putRoles(entry);
    const message = messageOf(entry);
    if (message) this.#messages.set(messageKey(entry.conversationId, message.messageCount), message);
    await this.#applyToTarget(entry);
    this.#putEvent(entry, entry.seq, entry.bytes);
    this.#putSentId(entry);
  }

  rows(): ProjectedRows {
    const present = <Row>(rows: Iterable<Row | undefined>) => [...rows].filter((row) => row !== undefined);
    return {
      conversations: present(this.#conversations.values()),
      memberships: present(this.#memberships.values()),
      roles: [...this.#roles.values()],
      messages: present(this.#messages.values()),
      ...this.#rows,
    };
  }

  async #conversation(id: ConversationId): Promise<ConversationView | undefined> {
    if (!this.#conversations.has(id)) this.#conversations.set(id, await this.#stores.conversations.conversation(id));
    return this.#conversations.get(id);
  }

  async #applyToMembership(user: UserId, entry: FollowedEntry, conversation?: ConversationView): Promise<void> {
    const key = membershipKey(entry.conversationId, user);
    if (!this.#memberships.has(key)) {
      this.#memberships.set(key, await this.#stores.conversations.membership(entry.conversationId, user));
    }
    const history = conversation?.history ?? HistoryPolicy.FROM_JOIN;
    this.#memberships.set(key, applyToMembership(this.#memberships.get(key), user, entry, history));
  }

  /** Edits and deletions change the row of the message that they are about. */
  async #applyToTarget(entry: FollowedEntry): Promise<void> {
    const { body } = entry.event;
    const isEdit =
      body.case === "messageEdited" || (body.case === "tombstone" && body.value.targetSeq !== entry.event.seq);
    if (!isEdit && body.case !== "messageDeleted") return;
    const count = Number(entry.header.targetCount);
    const key = messageKey(entry.conversationId, count);
    const before = this.#messages.get(key) ?? (await this.#stores.history.message(entry.conversationId, count));
    if (!before) return;
    const after = applyToMessage(before, entry, () => buried(before.posted, before.seq));
    this.#messages.set(key, after);
    if (body.case === "messageDeleted") await this.#bury(entry, before);
  }

  /** Replaces the events of a deleted message, and of its edits, by tombstones. */
  async #bury(entry: FollowedEntry, message: MessageView): Promise<void> {
    this.#rows.deletions.push({ conversationId: entry.conversationId, targetSeq: message.seq });
    this.#putEvent(entry, message.seq, buried(message.posted, message.seq));
    for (const seq of message.editSeqs) {
      const pending = this.#rows.events.findLast(
        (row) => row.seq === seq && row.conversationId === entry.conversationId,
      );
      const [stored] = pending ? [pending] : await this.#stores.history.events(entry.conversationId, seq, seq, 1);
      if (stored) this.#putEvent(entry, seq, buried(stored.event, message.seq));
    }
  }

  #putRoles({ event, conversationId, position, incarnation }: FollowedEntry): void {
    for (const [user, role] of rolesSetBy(event)) {
      this.#roles.set(membershipKey(conversationId, user), {
        conversationId,
        userId: user,
        role,
        position,
        incarnation,
      });
    }
  }

  #putEvent(entry: FollowedEntry, seq: number, event: Uint8Array): void {
    const { conversationId, position, incarnation } = entry;
    this.#rows.events.push({ conversationId, seq, event, position, incarnation });
  }

  #putSentId({ conversationId, event, header, seq }: FollowedEntry): void {
    if (!header.clientId) return;
    this.#rows.sentIds.push({
      conversationId,
      userId: userId(header.userId),
      deviceId: deviceId(header.deviceId),
      clientId: clientId(header.clientId),
      seq,
      messageCount: Number(event.messageCount),
      timeMs: event.time ? timestampMs(event.time) : 0,
      contentHash: header.contentHash,
    });
  }
}

function membershipKey(id: ConversationId, user: UserId): string {
  return `${id}/${user}`;
}

function messageKey(id: ConversationId, messageCount: number): string {
  return `${id}/${messageCount}`;
}

function buried(bytes: Uint8Array, targetSeq: number): Uint8Array {
  return encodeEvent(tombstoneOf(fromBinary(EventSchema, bytes), BigInt(targetSeq)));
}
