import { expect, onTestFinished, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { openTestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { describeOnOwnRedis, type OwnRedis } from "#platform/testing/redis.ts";
import { createRedisBudgets } from "../budgets/budgets-redis.ts";

const limits = { callsPerMinute: 0, registersPerHour: 8, loginsPerMinute: 4, searchesPerMinute: 4 };
const id = "0198c0de-0000-7000-8000-000000000001";

async function openEdge(redis: OwnRedis) {
  const budgets = createRedisBudgets(await redis.connect(), 5_000);
  const edge = await openTestEdge(
    (serve) => {
      serve(UserService, { searchByHandle: () => ({}) });
      serve(AuthService, { register: () => ({}), logIn: () => ({}) });
    },
    { limits, budgets },
  );
  onTestFinished(async () => {
    await edge.close();
    budgets.close();
  });
  const [auth, device] = [edge.client(AuthService), { id, name: "x" }];
  const identifier = { kind: { case: "handle", value: "marvin" } } as const;
  return {
    logIn: () => auth.logIn({ clientId: id, device, identifier, password: "12345678" }),
    register: () => auth.register({ clientId: id, device, handle: "marvin", password: "12345678" }),
    search: () => edge.client(UserService, { token: "marvin" }).searchByHandle({ prefix: "mar" }),
  };
}

/** Calls that pass, taken from the edges in turn, until one is refused with the time to wait. */
async function passing(calls: readonly (() => Promise<unknown>)[]): Promise<number> {
  for (let count = 0; ; count++) {
    const call = calls[count % calls.length]?.();
    const answer = await call?.then(
      () => undefined,
      () => failureOf(call),
    );
    if (!answer) continue;
    expect(answer.reason).toBe(PlatformErrorReason.RATE_LIMITED);
    expect(answer.retryAfterMs).toBeGreaterThan(0);
    return count;
  }
}

describeOnOwnRedis("rate limits of several edges", (startRedis) => {
  test("callers have one budget, whichever edge they call", async () => {
    const redis = await startRedis();
    const edges = [await openEdge(redis), await openEdge(redis)];
    expect(await passing(edges.map(({ logIn }) => logIn))).toBe(limits.loginsPerMinute);
    expect(await passing(edges.map(({ register }) => register))).toBe(limits.registersPerHour);
    expect(await passing(edges.map(({ search }) => search))).toBe(limits.searchesPerMinute);
  });

  test("without Redis people search as before, fewer log in and register", async () => {
    const redis = await startRedis();
    const edge = await openEdge(redis);
    await redis.stop();
    expect(await passing([edge.search])).toBe(limits.searchesPerMinute);
    expect(await passing([edge.logIn])).toBe(limits.loginsPerMinute / 2);
    expect(await passing([edge.register])).toBe(limits.registersPerHour / 4);
  });
});
