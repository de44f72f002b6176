import type { RedisEngine } from "#platform/engines/redis.ts";
import { type Budgets, createMemoryBudgets } from "#platform/rpc/budgets.ts";
import type { Opening } from "./engines.ts";

/** Where services keep what no promise stands on. */
export type Ephemeral = { readonly kind: "memory" } | { readonly kind: "redis"; readonly redis: RedisEngine };

/** Whether the engine is there is nobody's readiness: each use of it goes on without it. */
export interface OpenedEphemeral {
  readonly ephemeral: Ephemeral;
  readonly budgets: Budgets;
  /** Closing twice is harmless. */
  close(): Promise<void>;
}

/** What this process keeps by itself. */
export function ownEphemeral(): OpenedEphemeral {
  const budgets = createMemoryBudgets();
  return { ephemeral: { kind: "memory" }, budgets, close: async () => budgets.close() };
}

/** `installationId` keeps apart what several installations have in one engine. */
export async function openEphemeral({ config, logger }: Opening, installationId: string): Promise<OpenedEphemeral> {
  const { ephemeral } = config;
  if (ephemeral.kind === "memory") return ownEphemeral();
  const { openRedis } = await import("#platform/engines/redis.ts");
  const { createRedisBudgets } = await import("#platform/rpc/budgets/budgets-redis.ts");
  const redis = await openRedis({ url: ephemeral, keyPrefix: `parley:${installationId}:`, logger });
  const budgets = createRedisBudgets(redis);
  return {
    ephemeral: { kind: "redis", redis },
    budgets,
    async close() {
      budgets.close();
      await redis.close();
    },
  };
}
