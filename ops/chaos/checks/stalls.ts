import type { Evidence } from "../evidence.ts";

export interface Stall {
  readonly ms: number;
  readonly what: string;
}

/** The longest time that a message took to be acknowledged, or from then to a reader whose stream stays open. */
export function longestStall({ operations, readings }: Evidence): Stall {
  let longest: Stall = { ms: 0, what: "" };
  const take = (ms: number, what: string) => {
    if (ms > longest.ms) longest = { ms, what };
  };
  for (const { verb, begunMs, acknowledgedMs, acknowledged, conversationId, lane } of operations) {
    if (verb !== "send" || acknowledgedMs === undefined) continue;
    take(acknowledgedMs - begunMs, `a send of ${lane}`);
    const seq = acknowledged[0] ?? 0;
    for (const { kind, name, events } of readings) {
      const seen = kind === "live" ? events.get(conversationId)?.get(seq) : undefined;
      if (seen) take(seen.atMs - acknowledgedMs, `${name} waits for ${conversationId} at ${seq}`);
    }
  }
  return longest;
}
