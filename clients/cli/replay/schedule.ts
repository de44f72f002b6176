import type { IrcItem } from "../import/irc-import.ts";

/** Something that somebody does, at a time from the start of the replay. */
export interface ScheduledItem {
  readonly item: IrcItem;
  readonly atMs: number;
}

const minuteMs = 60_000;

/**
 * When to do what, `speed` times faster than it happened. Logs tell minutes only: what happened within one is spread
 * evenly over it. Starts with the first message; what comes before it is done at once.
 */
export function scheduleOf(items: readonly IrcItem[], speed: number): ScheduledItem[] {
  const start = items.find(({ body }) => body.case === "posted")?.timeMs ?? items[0]?.timeMs ?? 0;
  const byMinute = Map.groupBy(items, ({ timeMs }) => timeMs);
  return [...byMinute.values()].flatMap((minute) =>
    minute.map((item, index) => ({
      item,
      atMs: Math.max(0, item.timeMs - start + (index / minute.length) * minuteMs) / speed,
    })),
  );
}
