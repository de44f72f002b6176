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
/** Changes kept between clean-ups; the clean-up drops what the store holds by now. */
const changesBetweenCleanups = 1000;

export function followMemberships(following: Following): RecentMemberships {
  let changes: { readonly entry: FollowedEntry; readonly users: ReadonlySet<UserId> }[] = [];
  let cleanAt = changesBetweenCleanups;
  const isRecent = ({ entry }: { entry: FollowedEntry }) => entry.position > following.watermark(entry.shard);
  const note = (entry: FollowedEntry) => {
    if (!membershipKinds.has(entry.kind)) return;
    const users = usersTouchedBy(entry.event);
    changes.push({ entry, users: new Set(users) });
    if (changes.length < cleanAt) return;
    changes = changes.filter(isRecent);
    cleanAt = changes.length + changesBetweenCleanups;
  };
  for (let shard = 0; shard < following.shards; shard++) {
    const unprojected = following.above(shard, following.watermark(shard), Number.POSITIVE_INFINITY);
    for (const entry of unprojected ?? []) note(entry);
  }
  const close = following.listen(note);
  return {
    of: (user) => changes.filter((change) => change.users.has(user)).map((change) => change.entry.conversationId),
    close,
  };
}
