import type { DescMethod } from "@bufbuild/protobuf";
import { Auth } from "#gen/parley/options/v1/options_pb.js";
import type { Config } from "#platform/runtime/config.ts";
import { platformErrors } from "./errors.ts";
import type { Exchange } from "./exchange/exchange.ts";
import type { PolicyOf } from "./method-policy.ts";
import { createOpenLimit, type OpenLimit } from "./port/open-limit.ts";

/** How long a client whose calls are too many waits before the next. */
const retryAfterMs = 1_000;

type Limits = Pick<Config, "proxies" | "openLimits">;

/**
 * Counts the open calls and streams of each client address. Throws RATE_LIMITED where it has too many. All count where
 * proxies pass on requests: each of their connections holds calls of many clients, so nothing else limits one of them.
 * Of who connects without such a proxy those count that need no token; the others are bounded by user.
 */
export function createOpenCallLimit(
  limits: Limits,
  policyOf: PolicyOf,
): (method: DescMethod, exchange: Exchange) => void {
  const { callsPerAddress } = limits.openLimits;
  if (callsPerAddress === 0) return () => {};
  const open = createOpenLimit(callsPerAddress);
  const allCount = sharesConnections(limits);
  return (method, exchange) => {
    if (!allCount && policyOf(method).auth !== Auth.PUBLIC) return;
    const leave = open.enter(exchange.clientAddress);
    if (!leave) throw platformErrors.RATE_LIMITED({ message: "too many are open from this address", retryAfterMs });
    exchange.onOver(leave);
  };
}

/** Counts the WebSockets of each client address that carry no call yet; undefined where its connections are counted. */
export function createUnspokenLimit(limits: Limits): OpenLimit | undefined {
  return sharesConnections(limits) ? createOpenLimit(limits.openLimits.callsPerAddress) : undefined;
}

function sharesConnections({ proxies }: Limits): boolean {
  return proxies !== undefined && proxies.header !== "proxy-v2";
}
