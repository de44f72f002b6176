import { expect, onTestFinished, test } from "vitest";
import { describeOnOwnRedis, type OwnRedis } from "#platform/testing/redis.ts";
import { until } from "#platform/testing/until.ts";
import type { Budget, Budgets } from "../budgets.ts";
import { describeBudgets } from "./budgets.contract.ts";
import { createRedisBudgets, defaultDecideMs, partsAlone } from "./budgets-redis.ts";

const [calls, minuteMs] = [40, 60_000];

/** The budgets of one process of those that share a Redis. They wait for it however busy the machine is. */
async function openBudgets(redis: OwnRedis, decideMs = 5_000): Promise<Budgets> {
  const budgets = createRedisBudgets(await redis.connect(), decideMs);
  onTestFinished(() => budgets.close());
  return budgets;
}

/** Calls that pass until one is refused, taken from the processes in turn. */
async function passing(processes: readonly Budget[], key: string): Promise<number> {
  for (let count = 0; ; count++) {
    const refused = await processes[count % processes.length]?.charge(key).then(
      () => false,
      () => true,
    );
    if (refused) return count;
  }
}

describeOnOwnRedis("budgets on Redis", (startRedis) => {
  describeBudgets("redis", async () => openBudgets(await startRedis()));

  const checked = Object.entries(partsAlone) as [keyof typeof partsAlone, number][];

  test.each(checked)("%s: processes share one budget, exactly", async (name) => {
    const redis = await startRedis();
    const opened = await Promise.all([openBudgets(redis), openBudgets(redis), openBudgets(redis)]);
    const processes = opened.map((budgets) => budgets.create(name, calls, minuteMs));
    expect(await passing(processes, "marvin")).toBe(calls);
  });

  test.each(checked)("%s: without Redis each process admits its part of the budget, at once", async (name, part) => {
    const redis = await startRedis();
    const budget = (await openBudgets(redis)).create(name, calls, minuteMs);
    await redis.stop();
    const begun = performance.now();
    expect(await passing([budget], "marvin")).toBe(calls * part);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test("a Redis that says nothing holds a call up for a moment only", async () => {
    const redis = await startRedis();
    const budget = (await openBudgets(redis, defaultDecideMs)).create("logIn", 8, minuteMs);
    redis.pause();
    for (let count = 0; count < 8 * partsAlone.logIn; count++) {
      const begun = performance.now();
      await budget.charge("marvin");
      expect(performance.now() - begun).toBeLessThan(defaultDecideMs + 500);
    }
    await expect(budget.charge("marvin")).rejects.toThrow();
  });

  test.each(checked)("%s: a Redis that forgot everything gives each process its budget once", async (name) => {
    const redis = await startRedis();
    const engine = await redis.connect();
    const opened = await Promise.all([openBudgets(redis), openBudgets(redis)]);
    const processes = opened.map((budgets) => budgets.create(name, calls, minuteMs));
    let passed = await passing(processes, "marvin");
    expect(passed).toBe(calls);
    for (let round = 0; round < 3; round++) {
      await engine.client.flushall();
      for (const budget of processes) passed += await passing([budget], "marvin");
    }
    expect(passed).toBeLessThanOrEqual(2 * calls);
  });

  test("calls: what is spent elsewhere counts here a moment later", async () => {
    const redis = await startRedis();
    const opened = await Promise.all([openBudgets(redis), openBudgets(redis)]);
    const [one, other] = opened.map((budgets) => budgets.create("calls", calls, minuteMs));
    if (!one || !other) throw new Error("no budgets");
    for (let count = 0; count < calls; count++) await one.charge("marvin");
    // Told of once it made an eighth of its calls there, too.
    for (let count = 0; count < calls / 8; count++) await other.charge("marvin");
    await until(() =>
      other.charge("marvin").then(
        () => "not refused",
        () => "",
      ),
    );
    await other.charge("trillian");
  });

  test("calls: without Redis each process admits the budget, and shares it again afterwards", async () => {
    const redis = await startRedis();
    const opened = await Promise.all([openBudgets(redis), openBudgets(redis)]);
    const processes = opened.map((budgets) => budgets.create("calls", calls, minuteMs));
    await redis.stop();
    for (const budget of processes) expect(await passing([budget], "marvin")).toBe(calls);
    await redis.start();
    const [one, other] = processes;
    await until(async () => {
      const key = `user ${performance.now()}`;
      for (let count = 0; count < calls; count++) await one?.charge(key);
      for (let count = 0; count < calls / 8; count++) await other?.charge(key);
      return until(
        () =>
          other?.charge(key).then(
            () => "not shared",
            () => "",
          ) ?? "",
        1_000,
      ).then(() => "", String);
    });
  });

  test("calls: a Redis that forgot everything takes nothing back that a process knew", async () => {
    const redis = await startRedis();
    const engine = await redis.connect();
    const budget = (await openBudgets(redis)).create("calls", calls, minuteMs);
    expect(await passing([budget], "marvin")).toBe(calls);
    await until(async () => ((await engine.client.exists("limit:calls:marvin")) ? "" : "not told yet"));
    await engine.client.flushall();
    await expect(budget.charge("marvin")).rejects.toThrow();
  });
});
