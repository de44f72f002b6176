import type { Parley } from "@parley/sdk";

/** Marks of one conversation are sent at most this often: they merge, and calls are limited. */
const markIntervalMs = 2_000;

/** Tells the server how far the reader has come, not more often than needed. */
export interface Marker {
  read(conversationId: string, seq: bigint): void;
  delivered(conversationId: string, seq: bigint): void;
  /** Sends what waits. */
  flush(): Promise<void>;
  close(): void;
}

interface Waiting {
  readSeq: bigint;
  deliveredSeq: bigint;
}

export function createMarker(parley: Parley): Marker {
  const waiting = new Map<string, Waiting>();
  const timer = setInterval(() => void flush(), markIntervalMs);
  const marksOf = (conversationId: string) => {
    const marks = waiting.get(conversationId) ?? { readSeq: 0n, deliveredSeq: 0n };
    waiting.set(conversationId, marks);
    return marks;
  };
  async function flush(): Promise<void> {
    const due = [...waiting];
    waiting.clear();
    await Promise.allSettled(
      due.map(([conversationId, marks]) => parley.services.chat.setMarks({ conversationId, ...marks })),
    );
  }
  return {
    read(conversationId, seq) {
      const marks = marksOf(conversationId);
      if (seq > marks.readSeq) marks.readSeq = seq;
    },
    delivered(conversationId, seq) {
      const marks = marksOf(conversationId);
      if (seq > marks.deliveredSeq) marks.deliveredSeq = seq;
    },
    flush,
    close: () => clearInterval(timer),
  };
}
