import type { Config } from "#platform/runtime/config.ts";
import { platformErrors } from "./errors.ts";
import type { Exchange } from "./exchange/exchange.ts";
import { createOpenLimit } from "./port/open-limit.ts";

/** How long a client whose calls are too many waits before the next. */
const retryAfterMs = 1_000;

/**
 * Counts the open calls and streams of each client address. Throws RATE_LIMITED where it has too many. Only where
 * proxies pass on requests: each of their connections holds calls of many clients, so nothing else limits one of them.
 */
export function createOpenCallLimit({
  proxies,
  openLimits,
}: Pick<Config, "proxies" | "openLimits">): (exchange: Exchange) => void {
  if (!proxies || proxies.header === "proxy-v2" || openLimits.callsPerAddress === 0) return () => {};
  const limit = createOpenLimit(openLimits.callsPerAddress);
  return (exchange) => {
    const leave = limit.enter(exchange.clientAddress);
    if (!leave) throw platformErrors.RATE_LIMITED({ message: "too many are open from this address", retryAfterMs });
    exchange.onOver(leave);
  };
}
