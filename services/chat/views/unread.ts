/** What a user's unread number is made of. Each point is a `seq` with the `message_count` there. */
export interface UnreadInput {
  /** The head, or the end of the user's last range. */
  readonly end: Point;
  readonly read: Point;
  readonly lastOwn: Point;
  readonly lastJoin: Point;
  /** How many messages with `from` < `seq` <= `to` were deleted, counted up to a limit. */
  readonly deletedWithin: (from: number, to: number) => Promise<number> | number;
}

export interface Point {
  readonly seq: number;
  readonly count: number;
}

export interface UnreadCount {
  readonly count: number;
  readonly more: boolean;
}

/** Above this many unread messages only "more" is told. */
export const maxUnread = 9999;

/** Messages after the read mark, the last own message and the last join that are not deleted. */
export async function countUnread({ end, read, lastOwn, lastJoin, deletedWithin }: UnreadInput): Promise<UnreadCount> {
  const from = [read, lastOwn, lastJoin].reduce((a, b) => (b.seq > a.seq ? b : a));
  if (from.seq >= end.seq) return { count: 0, more: false };
  const posted = end.count - from.count;
  const unread = Math.max(0, posted - (posted > 0 ? await deletedWithin(from.seq, end.seq) : 0));
  return { count: Math.min(unread, maxUnread), more: unread > maxUnread };
}
