import type { EventKind, FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import { usersTouchedBy } from "../views/membership-view.ts";

/** Who joined or left what since the store's watermark: the part of "my conversations" that is not stored yet. */
export interface RecentMemberships {
  of(user: UserId): ConversationId[];
  /** Stops listening; doing it twice is harmless. */
  close(): void;
}

const membershipKinds: ReadonlySet<EventKind> = new Set([
  "conversationCreated",
  "membersAdded",
  "memberRemoved",
  "roleChanged",
]);
/** Changes noted between clean-ups; the clean-up drops what the store holds by now. */
const changesBetweenCleanups = 1000;

interface Change {
  readonly shard: number;
  readonly position: number;
  readonly conversationId: ConversationId;
}

export function followMemberships(following: Following): RecentMemberships {
  const changes = new Map<UserId, Change[]>();
  let [noted, cleanAt] = [0, changesBetweenCleanups];
  const note = ({ event, shard, position, conversationId }: FollowedEntry) => {
    for (const user of usersTouchedBy(event)) {
      const own = changes.get(user) ?? [];
      changes.set(user, own);
      own.push({ shard, position, conversationId });
    }
    if (++noted < cleanAt) return;
    noted = dropStored(changes, following);
    cleanAt = noted + changesBetweenCleanups;
  };
  const noteMembership = (entry: FollowedEntry) => {
    if (membershipKinds.has(entry.kind)) note(entry);
  };
  for (let shard = 0; shard < following.shards; shard++) {
    const unprojected = following.above(shard, following.watermark(shard), Number.POSITIVE_INFINITY);
    for (const entry of unprojected ?? []) noteMembership(entry);
  }
  const close = following.listen(noteMembership);
  return { of: (user) => changes.get(user)?.map(({ conversationId }) => conversationId) ?? [], close };
}

/** Drops what the store holds by now. Returns how many changes are left. */
function dropStored(changes: Map<UserId, Change[]>, following: Following): number {
  let left = 0;
  for (const [user, own] of changes) {
    const recent = own.filter(({ shard, position }) => position > following.watermark(shard));
    if (recent.length > 0) changes.set(user, recent);
    else changes.delete(user);
    left += recent.length;
  }
  return left;
}
