import type { Client } from "@connectrpc/connect";
import type { ChatService, Membership as MembershipMessage } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind, type Event } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { type AskOne, gatherCalls } from "#platform/rpc/gathered-calls.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { type ConversationId, conversationId, type UserId } from "#platform/runtime/ids.ts";
import { eventItem } from "./frames.ts";
import { changesMembership, Membership, type MembershipChange, usersAdded, usersRemoved } from "./membership.ts";
import { MembershipChanges } from "./membership-changes.ts";
import type { Stream } from "./stream.ts";

/** A user with open streams. */
export interface Listener {
  readonly userId: UserId;
  /** All memberships that may matter to a stream, ended ones included. */
  readonly memberships: Map<ConversationId, Membership>;
  readonly streams: Stream[];
}

/** A conversation that somebody listens to. */
interface Room {
  /** Infinite until it is known. */
  memberCount: number;
  readonly listeners: Map<Listener, Membership>;
}

const asGateway = { kind: "service", name: "gateway" } as const;
const lookUpTimeoutMs = 5000;
/** Of a call that may ask for many. */
const listTimeoutMs = 15_000;

/**
 * Who listens to what: the index from conversations to the streams of this process. One listener on the log serves them
 * all; an event costs as much as it has listeners.
 */
export class Audience {
  readonly #following: Following;
  readonly #chat: Client<typeof ChatService>;
  readonly #changes: MembershipChanges;
  readonly #storedOf: AskOne<UserId, readonly MembershipMessage[]>;
  readonly #listeners = new Map<UserId, Listener>();
  readonly #rooms = new Map<ConversationId, Room>();

  constructor(following: Following, chat: Client<typeof ChatService>) {
    this.#following = following;
    this.#chat = chat;
    this.#changes = new MembershipChanges(following);
    this.#storedOf = gatherCalls((users) => listMemberships(chat, users));
  }

  /** Makes the user a listener; changes of membership that are followed from now on are learned. */
  enter(userId: UserId): Listener {
    const known = this.#listeners.get(userId);
    if (known) return known;
    const listener: Listener = { userId, memberships: new Map(), streams: [] };
    this.#listeners.set(userId, listener);
    return listener;
  }

  /** Forgets a stream, and a listener that has none left. */
  closed(stream: Stream): void {
    const listener = this.#listeners.get(stream.identity.userId);
    const index = listener?.streams.indexOf(stream) ?? -1;
    if (!listener || index < 0) return;
    listener.streams.splice(index, 1);
    if (listener.streams.length > 0) return;
    this.#listeners.delete(listener.userId);
    for (const id of listener.memberships.keys()) this.#leaveRoom(id, listener);
  }

  find(userId: UserId): Listener | undefined {
    return this.#listeners.get(userId);
  }

  /** The users who listen to a conversation, if it has at most `maxMembers` members. */
  *listenersOf(id: ConversationId, maxMembers: number): Iterable<Listener> {
    const room = this.#rooms.get(id);
    if (room && room.memberCount <= maxMembers) yield* room.listeners.keys();
  }

  /**
   * Learns all memberships of the user: first the changes above `positions` that the ring has, then what is stored. The
   * ring only drops what is stored, so nothing falls between.
   */
  async load(listener: Listener, positions: readonly number[], signal: AbortSignal): Promise<void> {
    for (const change of this.#changes.of(listener.userId)) {
      const { shard, position, conversationId: id } = change;
      const from = Math.min(positions[shard] ?? 0, this.#following.watermark(shard));
      if (position > from) this.learn(listener, id, change);
    }
    for (const stored of await this.#storedOf(listener.userId, signal)) this.#learnStored(listener, stored);
    for (const [id, membership] of listener.memberships) {
      if (membership.kind === ConversationKind.UNSPECIFIED) await this.#lookUp(id, listener, signal);
      if (membership.lasts) this.#enterRoom(id, listener, membership);
    }
  }

  /** Takes note of a change of membership, wherever it was found. */
  learn(listener: Listener, id: ConversationId, change: MembershipChange): Membership {
    const membership = listener.memberships.get(id) ?? new Membership();
    listener.memberships.set(id, membership);
    membership.learn(change);
    return membership;
  }

  /** Tells an entry that was just followed to everybody whom it concerns; returns on how many streams. */
  tell(entry: FollowedEntry): number {
    if (!changesMembership(entry.kind)) return this.#tellRoom(entry);
    const { conversationId: id, event, seq } = entry;
    this.#changes.note(entry);
    for (const listener of this.#known(usersAdded(event))) {
      const membership = this.learn(listener, id, { seq, added: true });
      this.#enterRoom(id, listener, membership);
      this.#learnKind(entry, listener, membership);
    }
    const removed = this.#known(usersRemoved(event));
    for (const listener of removed) this.learn(listener, id, { seq, added: false });
    const room = this.#rooms.get(id);
    if (room) room.memberCount = countAfter(room.memberCount, event);
    const told = this.#tellRoom(entry);
    for (const listener of removed) this.#leaveRoom(id, listener);
    return told;
  }

  #tellRoom(entry: FollowedEntry): number {
    const room = this.#rooms.get(entry.conversationId);
    if (!room) return 0;
    const item = eventItem(entry);
    // A stream that is told may be closed by that, and leave the list.
    let told = 0;
    room.listeners.forEach((membership, { streams }) => {
      told += streams.length;
      for (let index = streams.length - 1; index >= 0; index--) streams[index]?.tell(entry, item, membership);
    });
    return told;
  }

  #known(users: readonly UserId[]): Listener[] {
    return users.map((user) => this.#listeners.get(user)).filter((listener) => listener !== undefined);
  }

  #learnStored(listener: Listener, stored: MembershipMessage): void {
    const id = conversationId(stored.conversationId);
    const membership = this.learn(listener, id, { seq: Number(stored.joinedSeq), added: true });
    const endedAt = Number(stored.ranges.at(-1)?.toSeq ?? 0);
    if (endedAt > 0) membership.learn({ seq: endedAt, added: false });
    membership.kind = stored.kind;
    if (!membership.lasts) return;
    const room = this.#enterRoom(id, listener, membership);
    if (room) room.memberCount = stored.memberCount;
  }

  /** The kind is in the event that creates a conversation; who is added later has it looked up. */
  #learnKind({ event, conversationId: id }: FollowedEntry, listener: Listener, membership: Membership): void {
    if (membership.kind !== ConversationKind.UNSPECIFIED) return;
    if (event.body.case === "conversationCreated") {
      membership.kind = event.body.value.kind;
      return;
    }
    // Until the answer comes, comings and goings are told as events: that is never wrong, only more than was asked for.
    this.#lookUp(id, listener).catch(() => undefined);
  }

  async #lookUp(conversationId: ConversationId, listener: Listener, signal?: AbortSignal): Promise<void> {
    const { userId } = listener;
    const asked = callAs(asGateway, { ...(signal ? { signal } : {}), timeoutMs: lookUpTimeoutMs });
    const { membership } = await this.#chat.checkMembership({ conversationId, userId }, asked);
    if (membership) this.#learnStored(listener, membership);
  }

  #enterRoom(id: ConversationId, listener: Listener, membership: Membership): Room | undefined {
    if (this.#listeners.get(listener.userId) !== listener) return undefined;
    const room = this.#rooms.get(id) ?? { memberCount: Number.POSITIVE_INFINITY, listeners: new Map() };
    this.#rooms.set(id, room);
    room.listeners.set(listener, membership);
    return room;
  }

  #leaveRoom(id: ConversationId, listener: Listener): void {
    const room = this.#rooms.get(id);
    if (!room?.listeners.delete(listener) || room.listeners.size > 0) return;
    this.#rooms.delete(id);
  }
}

async function listMemberships(chat: Client<typeof ChatService>, users: readonly UserId[]) {
  const request = { userIds: [...new Set(users)] };
  const { memberships } = await chat.listMemberships(request, callAs(asGateway, { timeoutMs: listTimeoutMs }));
  const byUser = Map.groupBy(memberships, ({ userId }) => userId);
  return users.map((user) => byUser.get(user) ?? []);
}

function countAfter(count: number, event: Event): number {
  if (event.body.case === "conversationCreated") return event.body.value.members.length;
  return count + usersAdded(event).length - usersRemoved(event).length;
}
