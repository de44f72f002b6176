import type { NatsEngine } from "#platform/engines/nats.ts";
import { type Bus, type Topic, topics } from "./bus.ts";

/**
 * The bus between processes, on core subjects of NATS: nothing is stored. What is published while there is no connection
 * is dropped, and so is what is published elsewhere meanwhile.
 */
export function createNatsBus({ connection, name, notReady }: NatsEngine): Bus & { close(): void } {
  const listeners = new Map<Topic, Set<(payload: Uint8Array) => void>>();
  const subjectOf = (topic: Topic) => `${name}.bus.${topic}`;
  const subscriptions = topics.map((topic) =>
    connection.subscribe(subjectOf(topic), {
      callback(error, message) {
        if (error) return;
        for (const listener of listeners.get(topic) ?? []) listener(message.data);
      },
    }),
  );
  return {
    publish(topic, payload) {
      if (!notReady()) connection.publish(subjectOf(topic), payload);
    },
    subscribe(topic, listener) {
      const own = (payload: Uint8Array) => listener(payload);
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(own));
      return () => set.delete(own);
    },
    close() {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
