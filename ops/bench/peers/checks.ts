/** Interceptors that do for the stock adapter what Parley's edge does for each call. */
import { createHash } from "node:crypto";
import { createValidator } from "@bufbuild/protovalidate";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import { Histogram } from "prom-client";
import { createBenchTokens } from "./tokens.ts";

const seconds = new Histogram({ name: "call_seconds", help: "Time of a call.", labelNames: ["method"] });

const typeFailures: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    throw ConnectError.from(error);
  }
};

const measure: Interceptor = (next) => async (request) => {
  const start = performance.now();
  try {
    return await next(request);
  } finally {
    seconds.observe({ method: request.method.name }, (performance.now() - start) / 1000);
  }
};

const tokens = await createBenchTokens();
const verified = new LRUCache<string, { readonly expiresAt: number }>({ max: 50_000 });

const authenticate: Interceptor = (next) => async (request) => {
  const token = request.header.get("authorization")?.slice("Bearer ".length) ?? "";
  const key = createHash("sha256").update(token).digest("base64url");
  const subject = verified.get(key) ?? (await tokens.verify(token));
  if (subject.expiresAt <= Date.now()) throw new ConnectError("the token is expired", Code.Unauthenticated);
  verified.set(key, subject);
  return await next(request);
};

const validator = createValidator();

const validate: Interceptor = (next) => async (request) => {
  if (!request.stream) {
    const result = validator.validate(request.method.input, request.message);
    if (result.kind !== "valid") throw new ConnectError("invalid", Code.InvalidArgument);
  }
  return await next(request);
};

export const checks: Interceptor[] = [typeFailures, measure, authenticate, validate];
