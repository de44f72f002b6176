import type { Storage } from "@parley/sdk";

/** Most names that a profile remembers. */
export const maxAddresses = 500;

/** Which conversation a name led to last time: for when no server can be asked. */
export interface Addresses {
  find(to: string): Promise<string | undefined>;
  keep(to: string, conversationId: string): Promise<void>;
}

/** The addresses of one user of a profile; the one that was learned longest ago makes room for a new one. */
export function openAddresses(storage: Storage, userId: string): Addresses {
  const key = `addresses/${userId}`;
  const load = async () => new Map<string, string>(JSON.parse((await storage.get(key)) ?? "[]"));
  return {
    find: async (to) => (await load()).get(to.toLowerCase()),
    async keep(to, conversationId) {
      const known = await load();
      if (known.get(to.toLowerCase()) === conversationId) return;
      known.delete(to.toLowerCase());
      known.set(to.toLowerCase(), conversationId);
      await storage.write([{ key, value: JSON.stringify([...known].slice(-maxAddresses)) }]);
    },
  };
}
