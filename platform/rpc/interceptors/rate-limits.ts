import { type DescMessage, type DescMethod, isMessage, type MessageShape } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor } from "@connectrpc/connect";
import { LogInRequestSchema } from "#gen/parley/auth/v1/auth_pb.js";
import { Auth, RateLimit } from "#gen/parley/options/v1/options_pb.js";
import type { Config } from "#platform/runtime/config.ts";
import type { Admit } from "../admission.ts";
import { type Budget, type Budgets, createBudget, minuteMs, userKey } from "../budgets.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import type { PolicyOf } from "../method-policy.ts";
import { addressBlock } from "../port/client-address.ts";

/** Log-ins for one person from anywhere, for each that one address has. */
export const loginsOfAll = 10;

export interface RateLimits {
  /**
   * Charges each call to the budget that its method names: a user's calls to the user, others to the client's address.
   * Operators are exempt, and so are the standard services. It needs nothing of the call's body.
   */
  readonly admit: Admit;
  /**
   * Charges a log-in to whom it is for, too. That budget is wider than an address's, so that nobody locks another
   * person out from one place.
   */
  readonly interceptors: (method: DescMethod) => readonly Interceptor[];
}

export function createRateLimits(
  policyOf: PolicyOf,
  limits: Config["limits"],
  calls: Budget,
  budgets: Budgets,
): RateLimits {
  const byLimit: Record<RateLimit, Budget> = {
    [RateLimit.UNSPECIFIED]: calls,
    [RateLimit.REGISTER]: budgets.create("register", limits.registersPerHour, 60 * minuteMs),
    [RateLimit.LOG_IN]: budgets.create("logIn", limits.loginsPerMinute, minuteMs),
    [RateLimit.SEARCH]: budgets.create("search", limits.searchesPerMinute, minuteMs),
    // The auth service charges it: here nobody knows yet whose the token is.
    [RateLimit.REFRESH]: createBudget(0, minuteMs),
  };
  const identifiers = budgets.create("logInOf", limits.loginsPerMinute * loginsOfAll, minuteMs);
  return {
    async admit({ method, values }) {
      const { auth, rateLimit } = policyOf(method);
      const exempt = auth === Auth.OPERATOR || (auth === Auth.PUBLIC && rateLimit === RateLimit.UNSPECIFIED);
      if (!exempt) await byLimit[rateLimit].charge(callerOf(values));
    },
    interceptors: ({ input }) => (input === LogInRequestSchema ? [chargeIdentifier(identifiers)] : []),
  };
}

function callerOf(values: ContextValues): string {
  const identity = values.get(identityKey);
  if (identity.kind === "user") return userKey(identity.userId);
  return `address ${addressBlock(values.get(clientAddressKey))}`;
}

function chargeIdentifier(budget: Budget): Interceptor {
  return (next) => async (request) => {
    const identifier = request.stream ? undefined : identifierOf(request.message);
    if (identifier !== undefined) await budget.charge(identifier);
    return await next(request);
  };
}

function identifierOf(message: MessageShape<DescMessage>): string | undefined {
  if (!isMessage(message, LogInRequestSchema)) return undefined;
  return message.identifier?.kind.value?.toLowerCase();
}
