const minuteMs = 60_000;
const dayMinutes = 24 * 60;

/** Tells when the lines of a log happened. */
export interface IrcClock {
  /** A file begins: at 00:00 UTC of its day. */
  startDay(dayMs: number): void;
  /** A line that says its minute of the day. */
  stamp(minute: number): void;
  /** Time of the line: that of the last stamp, but never before the line that came before. */
  now(): number;
}

/**
 * Within a file, a stamp more than 12 hours earlier than the one before means that midnight has passed. One that is
 * earlier by less is a clock that runs backwards: the day stays, and time stands still until the clock is past it.
 */
export function createIrcClock(): IrcClock {
  let day = 0;
  let lastMinute = 0;
  let time = 0;
  const advance = () => {
    time = Math.max(time, day + lastMinute * minuteMs);
  };
  return {
    startDay(dayMs) {
      day = dayMs;
      lastMinute = 0;
      advance();
    },
    stamp(minute) {
      if (lastMinute - minute > dayMinutes / 2) day += dayMinutes * minuteMs;
      lastMinute = minute;
      advance();
    },
    now: () => time,
  };
}
