import type { Evidence, Outage } from "../evidence.ts";

export interface Stall {
  readonly ms: number;
  readonly what: string;
}

/**
 * The longest time that a message took to be acknowledged, or from then to a reader whose stream stays open. The part of
 * it that lies in an outage does not count.
 */
export function longestStall({ operations, readings, outages }: Evidence): Stall {
  let longest: Stall = { ms: 0, what: "" };
  const take = (fromMs: number, toMs: number, what: string) => {
    const ms = outages.reduce((left, outage) => left - overlap(outage, fromMs, toMs), toMs - fromMs);
    if (ms > longest.ms) longest = { ms, what };
  };
  for (const { verb, begunMs, acknowledgedMs, acknowledged, conversationId, lane } of operations) {
    if (verb !== "send" || acknowledgedMs === undefined) continue;
    take(begunMs, acknowledgedMs, `a send of ${lane}`);
    const seq = acknowledged[0] ?? 0;
    for (const { kind, name, events } of readings) {
      const seen = kind === "live" ? events.get(conversationId)?.get(seq) : undefined;
      if (seen) take(acknowledgedMs, seen.atMs, `${name} waits for ${conversationId} at ${seq}`);
    }
  }
  return longest;
}

function overlap(outage: Outage, fromMs: number, toMs: number): number {
  return Math.max(0, Math.min(outage.toMs, toMs) - Math.max(outage.fromMs, fromMs));
}
