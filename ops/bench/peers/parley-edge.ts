/** Parley's port with all that a call passes there, before a method that does nothing. */

import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { createBudget, createMemoryBudgets, minuteMs } from "#platform/rpc/budgets.ts";
import { openEdge } from "#platform/rpc/edge.ts";
import { createServed } from "#platform/rpc/served.ts";
import { systemClock } from "#platform/runtime/clock.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { createProcessRegistry } from "#platform/runtime/process-metrics.ts";
import { startTelemetry } from "#platform/telemetry/start-telemetry.ts";
import { createAuthenticator } from "../../../services/auth/authenticator.ts";
import { acknowledgement } from "./messages.ts";
import { createBenchTokens } from "./tokens.ts";

/** A budget that is charged like any other and is never used up. */
const config = readConfig({ PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LIMIT_CALLS_PER_MINUTE: "1000000" });
const authenticator = createAuthenticator({
  accessTokens: await createBenchTokens(),
  sessions: { isLive: async () => true, observe: async () => true },
  operatorKey: { matches: () => false },
  trustedIssuer: undefined,
  bus: createMemoryBus(),
  clock: systemClock,
});
const logger = createLogger("warn");
const telemetry = await startTelemetry({ logger, instance: "bench", targets: "edge" });
const served = createServed();
served.add(ChatService, { sendMessage: acknowledgement });
const edge = await openEdge({
  config,
  logger,
  metrics: createProcessRegistry(),
  served,
  authenticator: () => authenticator,
  callBudget: createBudget(config.limits.callsPerMinute, minuteMs),
  budgets: createMemoryBudgets(),
  notReady: () => [],
  tracing: telemetry?.tracing,
});
console.log(`ready at ${edge.url}`);
process.once("SIGTERM", () => process.exit());
