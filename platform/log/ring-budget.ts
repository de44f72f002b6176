import type { ShardRing } from "./ring.ts";

/** A ring and what it must keep. */
export interface BudgetedRing {
  readonly ring: ShardRing;
  /** Entries above it are never dropped. */
  readonly watermark: number;
}

/** The bytes that all rings of the process may hold together. */
export class RingBudget {
  readonly #max: number;
  readonly #rings = new Set<BudgetedRing>();
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes note of a ring's growth and drops the oldest of the largest ring while there is too much. */
  grew(shard: BudgetedRing, bytes: number): void {
    this.#rings.add(shard);
    this.#bytes += bytes;
    while (this.#bytes > this.#max) {
      const largest = [...this.#rings].sort((a, b) => b.ring.bytes - a.ring.bytes);
      if (!largest.some((candidate) => this.#drop(candidate))) return;
    }
  }

  /** Drops up to 64 entries at once, so that choosing a ring stays cheap. */
  #drop(shard: BudgetedRing): boolean {
    const before = shard.ring.bytes;
    for (let dropped = 0; dropped < 64 && shard.ring.dropFirst(shard.watermark); dropped++);
    this.#bytes -= before - shard.ring.bytes;
    return shard.ring.bytes < before;
  }
}
