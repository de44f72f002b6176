/**
 * A source of UUIDv7s (RFC 9562) that only rise, even where the clock goes back or many are made in one millisecond.
 * `last` is the largest id handed out before, for example by an earlier run; what follows is above it.
 *
 * @example
 * const nextId = createClientIds();
 * nextId() < nextId(); // true
 */
export function createClientIds(last = "", now: () => number = Date.now): () => string {
  let { time, counter } = parse(last);
  return () => {
    const present = now();
    if (present > time) {
      time = present;
      counter = 0;
    } else if (++counter > maxCounter) {
      time++;
      counter = 0;
    }
    return format(time, counter);
  };
}

/** Ids in one millisecond: the 12 bits that follow the version count them. */
const maxCounter = 0xfff;

function parse(id: string): { time: number; counter: number } {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3})-/.exec(id);
  if (!match) return { time: 0, counter: 0 };
  return { time: Number.parseInt(`${match[1]}${match[2]}`, 16), counter: Number.parseInt(match[3] ?? "0", 16) };
}

function format(time: number, counter: number): string {
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const head = time.toString(16).padStart(12, "0");
  const count = counter.toString(16).padStart(3, "0");
  return `${head.slice(0, 8)}-${head.slice(8)}-7${count}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
