import type { Storage } from "./storage.ts";

/**
 * Storage that lasts as long as the page or process: for browsers, and for programs that need no outbox.
 *
 * @example
 * const parley = await createParley({ url, storage: createMemoryStorage() });
 */
export function createMemoryStorage(): Storage {
  const entries = new Map<string, string>();
  return {
    get: async (key) => entries.get(key),
    async list(prefix) {
      return [...entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    },
    async write(changes) {
      for (const { key, value } of changes) {
        if (value === undefined) entries.delete(key);
        else entries.set(key, value);
      }
    },
    async close() {},
  };
}
