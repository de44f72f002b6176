import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import { changesMembership, type MembershipChange, usersAdded, usersRemoved } from "./membership.ts";

/** A change of somebody's membership and where it stands. */
export interface PlacedChange extends MembershipChange {
  readonly conversationId: ConversationId;
  readonly shard: number;
  readonly position: number;
}

/** Changes are looked through for those that the ring has dropped once there are twice as many as were left, but so many. */
const fewestToClean = 10_000;

/** Who joined or left what, of all that the ring holds: found by user without looking through the ring. */
export class MembershipChanges {
  readonly #following: Following;
  readonly #byUser = new Map<UserId, PlacedChange[]>();
  #count = 0;
  #cleanAt = fewestToClean;

  constructor(following: Following) {
    this.#following = following;
    for (let shard = 0; shard < following.shards; shard++) {
      const entries = following.above(shard, following.ringStart(shard) - 1, Number.POSITIVE_INFINITY) ?? [];
      for (const entry of entries) this.note(entry);
    }
  }

  /** Takes note of an entry that was just followed. */
  note(entry: FollowedEntry): void {
    if (!changesMembership(entry.kind)) return;
    const { conversationId, shard, position, seq, event } = entry;
    const place = { conversationId, shard, position, seq };
    this.#add(usersAdded(event), { ...place, added: true });
    this.#add(usersRemoved(event), { ...place, added: false });
    if (this.#count >= this.#cleanAt) this.#clean();
  }

  /** By shard in order; some may stand below the ring. */
  of(user: UserId): readonly PlacedChange[] {
    return this.#byUser.get(user) ?? [];
  }

  #add(users: readonly UserId[], change: PlacedChange): void {
    for (const user of users) {
      const known = this.#byUser.get(user);
      if (known) known.push(change);
      else this.#byUser.set(user, [change]);
    }
    this.#count += users.length;
  }

  #clean(): void {
    this.#count = 0;
    for (const [user, changes] of this.#byUser) {
      const kept = changes.filter(({ shard, position }) => position >= this.#following.ringStart(shard));
      if (kept.length > 0) this.#byUser.set(user, kept);
      else this.#byUser.delete(user);
      this.#count += kept.length;
    }
    this.#cleanAt = Math.max(fewestToClean, 2 * this.#count);
  }
}
