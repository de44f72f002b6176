import { timestampMs } from "@bufbuild/protobuf/wkt";
import { LRUCache } from "lru-cache";
import { type Event, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { type ClientId, type ConversationId, clientId, type UserId } from "#platform/runtime/ids.ts";
import { besideVoids } from "../member-state.ts";
import type { ConversationReads } from "../reads/conversation-reads.ts";
import { withTail } from "../reads/tail.ts";
import type { IdempotenceStore, SentId, SentIdOwner } from "../stores/idempotence-store.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import { SentWindow } from "./sent-window.ts";

/** What the sequencer knows of one conversation: its head, and the roles that decisions have asked for. */
export interface KnownConversation {
  view: ConversationView | undefined;
  readonly roles: Map<UserId, Role>;
  /** Messages deleted since the conversation is at hand, or in the tail: what a target read before may be by now. */
  readonly deleted: Set<number>;
}

/** Conversations that one shard keeps at hand. */
export const maxConversations = 2_000;
/** Devices whose client ids one shard keeps at hand, and how many ids of all of them. */
const maxWindows = 1_000;
const maxSentIds = 64_000;
/** Most of a device's client ids that are read from the store when it begins to send. */
const storedIds = 64;
/** Roles kept of one conversation; beyond it they are asked for again. */
export const maxRoles = 100_000;

/** Deletions remembered of one conversation; a target read before that many deletions is long decided. */
export const maxDeleted = 10_000;

export interface StateSources {
  readonly reads: ConversationReads;
  readonly idempotence: IdempotenceStore;
  readonly following: Following;
}

/**
 * One shard's committed state, rebuilt on demand from store and tail. Only the sequencer changes it, after an append
 * settled; while nothing is in flight it equals what the log says.
 */
export class SequencerState {
  readonly #sources: StateSources;
  readonly #conversations = new LRUCache<ConversationId, KnownConversation>({ max: maxConversations });
  readonly #windows = new LRUCache<string, SentWindow>({
    max: maxWindows,
    dispose: ({ size }) => {
      this.#sentIds -= size;
    },
  });
  /** Client ids in all windows. */
  #sentIds = 0;
  /** Conversations of which too many roles are at hand. */
  readonly #outgrown = new Set<KnownConversation>();

  constructor(sources: StateSources) {
    this.#sources = sources;
  }

  /** Drops everything: what is asked for next is rebuilt. */
  clear(): void {
    this.#conversations.clear();
    this.#windows.clear();
    this.#outgrown.clear();
  }

  /** Call it before a group is prepared: what is loaded for one of its commands stays until all are decided. */
  beginGroup(): void {
    for (const { roles } of this.#outgrown) roles.clear();
    this.#outgrown.clear();
  }

  async load(id: ConversationId, users: readonly UserId[]): Promise<KnownConversation> {
    let known = this.#conversations.get(id);
    if (!known) {
      const view = await this.#sources.reads.conversation(id);
      const tail = this.#sources.following.ofConversation(id, 0);
      const deletions = tail.filter(({ kind }) => kind === "messageDeleted");
      known = { view, roles: new Map(), deleted: new Set(deletions.flatMap(({ event }) => deletedBy(event))) };
      this.#conversations.set(id, known);
    }
    const { roles } = known;
    const missing = users.filter((user) => !roles.has(user));
    if (missing.length > 0 && known.view) {
      const views = await this.#sources.reads.memberships(id, missing);
      for (const user of missing) roles.set(user, Role.UNSPECIFIED);
      for (const view of views) roles.set(view.userId, view.role);
    }
    if (roles.size > maxRoles) this.#outgrown.add(known);
    return known;
  }

  /** The result of a committed client id, or undefined for a new one. */
  async committed(owner: SentIdOwner, id: ClientId): Promise<SentId | undefined> {
    const checked = (await this.#window(owner)).check(id);
    if (checked === "new") return undefined;
    if (checked !== "look-up") return checked;
    const { base, tail } = await withTail(this.#sources.following, owner.conversationId, () =>
      this.#sources.idempotence.find(owner, id),
    );
    const [stored] = await this.#withoutLost(owner.conversationId, base ? [base] : []);
    return (
      stored ??
      tail
        .filter((entry) => isSentBy(entry, owner))
        .map(sentIdOf)
        .find((sent) => sent.clientId === id)
    );
  }

  remember(owner: SentIdOwner, sent: SentId): void {
    const window = this.#windows.get(windowKey(owner));
    if (!window) return;
    const before = window.size;
    window.add(sent);
    this.#count(window.size - before);
  }

  /** Lets go of the windows that were used longest ago while there are too many ids. */
  #count(added: number): void {
    this.#sentIds += added;
    while (this.#sentIds > maxSentIds && this.#windows.size > 1) this.#windows.pop();
  }

  async #window(owner: SentIdOwner): Promise<SentWindow> {
    const key = windowKey(owner);
    let window = this.#windows.get(key);
    if (!window) {
      const { base, tail } = await withTail(this.#sources.following, owner.conversationId, () =>
        this.#sources.idempotence.largest(owner, storedIds),
      );
      const stored = await this.#withoutLost(owner.conversationId, base);
      const sent = tail.filter((entry) => isSentBy(entry, owner)).map(sentIdOf);
      // The largest come first.
      const floor = base.length === storedIds ? base.at(-1)?.clientId : undefined;
      window = new SentWindow([...stored, ...sent], floor);
      this.#windows.set(key, window);
      this.#count(window.size);
    }
    return window;
  }

  /** Without what the store holds and the log lost: a stretch whose writing broke off may have left rows. */
  async #withoutLost(id: ConversationId, stored: readonly SentId[]): Promise<SentId[]> {
    if (stored.length === 0) return [];
    const view = this.#conversations.get(id)?.view ?? (await this.#sources.reads.conversation(id));
    return stored.filter(({ seq }) => view && seq <= view.headSeq && besideVoids(view, seq) === seq);
  }
}

function windowKey({ conversationId, userId, deviceId }: SentIdOwner): string {
  return `${conversationId}/${userId}/${deviceId}`;
}

function isSentBy({ header }: FollowedEntry, owner: SentIdOwner): boolean {
  return header.clientId !== "" && header.userId === owner.userId && header.deviceId === owner.deviceId;
}

export function sentIdOf({ header, event, seq }: FollowedEntry): SentId {
  return {
    clientId: clientId(header.clientId),
    seq,
    messageCount: Number(event.messageCount),
    timeMs: event.time ? timestampMs(event.time) : 0,
    // A slice of the record's bytes would keep the whole record.
    contentHash: Uint8Array.from(header.contentHash),
  };
}

/** The message that an event deletes. */
export function deletedBy({ body }: Event): number[] {
  return body.case === "messageDeleted" ? [Number(body.value.targetSeq)] : [];
}
