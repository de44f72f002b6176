import { onTestFinished } from "vitest";
import type { Parley } from "../parley.ts";

/** An application on a device: holds the texts of all messages as its stream tells them. */
export interface Listener {
  /** In the order of their numbers. */
  texts(conversationId: string): string[];
  /** Resets that it was told, as the last number that was to be kept; "all" where nothing was. */
  readonly resets: readonly (bigint | "all")[];
  readonly live: boolean;
}

/** Follows what the device is told until the test has finished. */
export function listen(parley: Parley): Listener {
  const held = new Map<string, Map<bigint, string>>();
  const resets: (bigint | "all")[] = [];
  const told = { live: false };
  const stop = new AbortController();
  const following = (async () => {
    for await (const event of parley.sync({ signal: stop.signal })) {
      if (event.type === "state") told.live = event.state === "live";
      if (event.type === "message") {
        const texts = held.get(event.conversationId) ?? new Map();
        held.set(event.conversationId, texts.set(event.seq, event.content.text));
      }
      if (event.type !== "reset") continue;
      resets.push(event.conversationId === undefined ? "all" : event.keepSeq);
      if (event.conversationId === undefined) held.clear();
      const texts = held.get(event.conversationId ?? "");
      for (const seq of texts?.keys() ?? []) if (seq > event.keepSeq) texts?.delete(seq);
    }
  })();
  onTestFinished(async () => {
    stop.abort();
    await following;
  });
  return {
    texts: (conversationId) => {
      const texts = [...(held.get(conversationId) ?? [])];
      return texts.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
    },
    resets,
    get live() {
      return told.live;
    },
  };
}
