/** Parley's port where all calls are verified and passed on to the process whose URL is given. */
import { randomBytes } from "node:crypto";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { createBudget, createMemoryBudgets, minuteMs } from "#platform/rpc/budgets.ts";
import { openEdge } from "#platform/rpc/edge.ts";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createServed } from "#platform/rpc/served.ts";
import { systemClock } from "#platform/runtime/clock.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { createProcessRegistry } from "#platform/runtime/process-metrics.ts";
import { createAuthenticator } from "../../../services/auth/authenticator.ts";
import { createBenchTokens } from "./tokens.ts";

const config = readConfig({ PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LIMIT_CALLS_PER_MINUTE: "1000000" });
const authenticator = createAuthenticator({
  accessTokens: await createBenchTokens(),
  sessions: { isLive: async () => true, observe: async () => true },
  operatorKey: { matches: () => false },
  trustedIssuer: undefined,
  bus: createMemoryBus(),
  clock: systemClock,
});
const connections = createPeerConnections(process.argv[2] ?? "");
const edge = await openEdge({
  config,
  logger: createLogger("warn"),
  metrics: createProcessRegistry(),
  served: createServed(),
  forwarding: {
    services: [ChatService],
    reach: () => connections,
    key: randomBytes(32),
  },
  authenticator: () => authenticator,
  callBudget: createBudget(config.limits.callsPerMinute, minuteMs),
  budgets: createMemoryBudgets(),
  notReady: () => [],
});
console.log(`ready at ${edge.url}`);
process.once("SIGTERM", () => process.exit());
