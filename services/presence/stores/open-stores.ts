import type { Boot } from "#platform/runtime/module.ts";
import type { LastSeenStore } from "./last-seen-store.ts";
import { createCqlLastSeenStore } from "./last-seen-store-cql.ts";
import { createSqliteLastSeenStore } from "./last-seen-store-sqlite.ts";
import type { PresenceStore } from "./presence-store.ts";
import { createMemoryPresenceStore } from "./presence-store-memory.ts";
import { createRedisPresenceStore } from "./presence-store-redis.ts";
import type { TypingLimit } from "./typing-limit.ts";
import { createMemoryTypingLimit } from "./typing-limit-memory.ts";
import { createRedisTypingLimit } from "./typing-limit-redis.ts";
import { withOwnPresence, withOwnTyping } from "./with-fallback.ts";

export interface PresenceStores {
  readonly lastSeen: LastSeenStore;
  readonly presence: PresenceStore;
  readonly typing: TypingLimit;
}

export function openPresenceStores(boot: Pick<Boot, "store" | "ephemeral" | "clock" | "logger">): PresenceStores {
  return { lastSeen: openLastSeen(boot.store), ...openEphemeralStores(boot) };
}

function openLastSeen(store: Boot["store"]): LastSeenStore {
  return store.kind === "sqlite" ? createSqliteLastSeenStore(store.db) : createCqlLastSeenStore(store.session);
}

function openEphemeralStores({
  ephemeral,
  clock,
  logger,
}: Pick<Boot, "ephemeral" | "clock" | "logger">): Pick<PresenceStores, "presence" | "typing"> {
  const [presence, typing] = [createMemoryPresenceStore(clock), createMemoryTypingLimit(clock)];
  if (ephemeral.kind === "memory") return { presence, typing };
  const { client, available } = ephemeral.redis;
  const here = { available, logger };
  return {
    presence: withOwnPresence({ shared: createRedisPresenceStore(client), own: presence, ...here }, clock),
    typing: withOwnTyping({ shared: createRedisTypingLimit(client), own: typing, ...here }),
  };
}
