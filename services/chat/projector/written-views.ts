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
 * hold though another projector writes as well: both fold the same log, and rows say how far they were folded.
 */
export class WrittenViews {
  readonly #conversations: LRUCache<ConversationId, ConversationView>;
  readonly #memberships: LRUCache<string, MembershipView>;

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

  /** Takes note that the store holds these rows. */
  wrote({ conversations, memberships }: Pick<ProjectedRows, "conversations" | "memberships">): void {
    for (const view of conversations) {
      // A slice of the record's bytes would keep the whole record.
      this.#conversations.set(view.conversationId, { ...view, lastEvent: Uint8Array.from(view.lastEvent) });
    }
    for (const view of memberships) this.#memberships.set(`${view.conversationId}/${view.userId}`, view);
  }

  /** The store may hold less, or more, than was written here. */
  clear(): void {
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
