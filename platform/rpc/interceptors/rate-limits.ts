import { type DescMessage, isMessage, type MessageShape } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { LogInRequestSchema } from "#gen/parley/auth/v1/auth_pb.js";
import { Auth, RateLimit } from "#gen/parley/options/v1/options_pb.js";
import type { Config } from "#platform/runtime/config.ts";
import { type Budget, createBudget, minuteMs, userKey } from "../budgets.ts";
import { addressBlock } from "../client-address.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import type { PolicyOf } from "../method-policy.ts";

/**
 * Charges each call to the budget that its method names: a user's calls to the user, others to the client's address.
 * A log-in is charged to the address and to whom it is for. Operators are exempt, and so are the standard services.
 */
export function interceptRateLimits(policyOf: PolicyOf, limits: Config["limits"], calls: Budget): Interceptor {
  const budgets: Record<RateLimit, Budget> = {
    [RateLimit.UNSPECIFIED]: calls,
    [RateLimit.REGISTER]: createBudget(limits.registersPerHour, 60 * minuteMs),
    [RateLimit.LOG_IN]: createBudget(limits.loginsPerMinute, minuteMs),
    [RateLimit.SEARCH]: createBudget(limits.searchesPerMinute, minuteMs),
    // The auth service charges it: here nobody knows yet whose the token is.
    [RateLimit.REFRESH]: createBudget(0, minuteMs),
  };
  return (next) => async (request) => {
    const { auth, rateLimit } = policyOf(request.method);
    const exempt = auth === Auth.OPERATOR || (auth === Auth.PUBLIC && rateLimit === RateLimit.UNSPECIFIED);
    if (!exempt) for (const key of keysOf(request)) await budgets[rateLimit].charge(key);
    return await next(request);
  };
}

function keysOf(request: UnaryRequest | StreamRequest): string[] {
  const identity = request.contextValues.get(identityKey);
  if (identity.kind === "user") return [userKey(identity.userId)];
  const address = `address ${addressBlock(request.contextValues.get(clientAddressKey))}`;
  const identifier = request.stream ? undefined : identifierOf(request.message);
  return identifier === undefined ? [address] : [address, `identifier ${identifier}`];
}

function identifierOf(message: MessageShape<DescMessage>): string | undefined {
  if (!isMessage(message, LogInRequestSchema)) return undefined;
  return message.identifier?.kind.value?.toLowerCase();
}
