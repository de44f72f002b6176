import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { Auth, auth, RateLimit, rate_limit } from "#gen/parley/options/v1/options_pb.js";

/** What the contract says of a method's callers. */
export interface MethodPolicy {
  readonly auth: Auth;
  readonly rateLimit: RateLimit;
}

/** Standard services, which know nothing of our options: anybody may ask whether and what a server serves. */
const standardPackages = ["grpc.health.v1.", "grpc.reflection.v1.", "grpc.reflection.v1alpha."];

/** Reads the options of a method. Throws where a method of ours does not say who may call it. */
export function readPolicy(method: DescMethod): MethodPolicy {
  if (standardPackages.some((name) => method.parent.typeName.startsWith(name))) {
    return { auth: Auth.PUBLIC, rateLimit: RateLimit.UNSPECIFIED };
  }
  const policy = { auth: getOption(method, auth), rateLimit: getOption(method, rate_limit) };
  if (!hasOption(method, auth) || policy.auth === Auth.UNSPECIFIED) {
    throw new Error(`${method.parent.typeName}/${method.name} lacks the option (parley.options.v1.auth)`);
  }
  return policy;
}

/** The policies of all methods of the services, by method. */
export function readPolicies(services: readonly DescService[]): ReadonlyMap<DescMethod, MethodPolicy> {
  return new Map(services.flatMap(({ methods }) => methods.map((method) => [method, readPolicy(method)])));
}

export type PolicyOf = (method: DescMethod) => MethodPolicy;
