import { LRUCache } from "lru-cache";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { ProjectedRows } from "../stores/projection-store.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";

/** Bytes of a view beside what it lists: the object and its place here. */
const viewBytes = 500;
/** Bytes of one listed user or range. */
const listedBytes = 80;

/**
 * The views that one shard's projector wrote last, so that it need not read them before it folds what comes next. They
 * are those of the log up to one position: where what is folded next begins elsewhere, others folded what lies between,
 * and nothing of it holds any more.
 */
export class WrittenViews {
  readonly #conversations: LRUCache<ConversationId, ConversationView>;
  readonly #memberships: LRUCache<string, MembershipView>;
  /** Unset: nothing is held. */
  #position: number | undefined;

  /** Holds `maxBytes` of either kind at most. */
  constructor(maxBytes: number) {
    this.#conversations = new LRUCache({ maxSize: maxBytes, sizeCalculation: bytesOfConversation });
    this.#memberships = new LRUCache({ maxSize: maxBytes, sizeCalculation: bytesOfMembership });
  }

  conversation(id: ConversationId): ConversationView | undefined {
    return this.#conversations.get(id);
  }

  membership(id: ConversationId, user: UserId): MembershipView | undefined {
    return this.#memberships.get(`${id}/${user}`);
  }

  /** What is folded next comes after `position`. */
  goOnAfter(position: number): void {
    if (this.#position !== position) this.clear();
  }

  /** Takes note that the store holds the rows of a stretch that ends at `position`. */
  wrote({ conversations, memberships }: Pick<ProjectedRows, "conversations" | "memberships">, position: number): void {
    this.#position = position;
    for (const view of conversations) {
      // A slice of the record's bytes would keep the whole record.
      this.#conversations.set(view.conversationId, { ...view, lastEvent: Uint8Array.from(view.lastEvent) });
    }
    for (const view of memberships) this.#memberships.set(`${view.conversationId}/${view.userId}`, view);
  }

  /** The store may hold less, or more, than was written here. */
  clear(): void {
    this.#position = undefined;
    this.#conversations.clear();
    this.#memberships.clear();
  }
}

function bytesOfConversation({ lastEvent, owners, pair, voids }: ConversationView): number {
  return viewBytes + lastEvent.length + listedBytes * (owners.length + pair.length + voids.length);
}

function bytesOfMembership({ ranges }: MembershipView): number {
  return viewBytes + listedBytes * ranges.length;
}
