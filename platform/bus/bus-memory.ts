import type { Bus, Topic } from "./bus.ts";

/** The bus within one process. Delivers all; a fleet needs one that crosses processes. */
export function createMemoryBus(): Bus {
  const listeners = new Map<Topic, Set<(payload: Uint8Array) => void>>();
  return {
    publish(topic, payload) {
      for (const listener of listeners.get(topic) ?? []) queueMicrotask(() => listener(payload));
    },
    subscribe(topic, listener) {
      const own = (payload: Uint8Array) => listener(payload);
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(own));
      return () => set.delete(own);
    },
  };
}
