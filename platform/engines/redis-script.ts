import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

/** A script that Redis runs as a whole: nobody sees half of what it did. Keys get the prefix of the connection. */
export type RedisScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** The script is sent once; later calls name it by its hash, and send it again to a Redis that forgot it. */
export function createScript(client: Redis, lua: string): RedisScript {
  const hash = createHash("sha1").update(lua).digest("hex");
  return async (keys, args) => {
    try {
      return await client.evalsha(hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await client.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
