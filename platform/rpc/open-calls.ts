import type { Config } from "#platform/runtime/config.ts";
import { platformErrors } from "./errors.ts";
import type { Exchange } from "./exchange/exchange.ts";
import { createOpenLimit, type OpenLimit } from "./port/open-limit.ts";

/** How long a client whose calls are too many waits before the next. */
const retryAfterMs = 1_000;

/**
 * The open calls and streams of each client address; undefined: they are not limited. Only where proxies pass on
 * requests: each of their connections holds calls of many clients, so nothing else limits one of them.
 */
export function createOpenCalls({
  proxies,
  openLimits: { callsPerAddress },
}: Pick<Config, "proxies" | "openLimits">): OpenLimit | undefined {
  if (!proxies || proxies.header === "proxy-v2" || callsPerAddress === 0) return undefined;
  return createOpenLimit(callsPerAddress);
}

/** Counts a call while it is open. Throws RATE_LIMITED where its client has too many. */
export function countOpenCall(open: OpenLimit, exchange: Exchange): void {
  const leave = open.enter(exchange.clientAddress);
  if (!leave) throw platformErrors.RATE_LIMITED({ message: "too many are open from this address", retryAfterMs });
  exchange.onOver(leave);
}
