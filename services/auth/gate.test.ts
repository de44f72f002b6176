import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

const refusal = () => new Error("busy");
const forever = new AbortController().signal;

/** Work that ends when the test says so. */
function startWork() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let started = false;
  const work = async () => {
    started = true;
    await promise;
  };
  return { work, finish: resolve, hasStarted: () => started };
}

test("few run at once, some wait in order, the rest is refused at once", async () => {
  const gate = createGate({ atOnce: 1, waiting: 2, refusal });
  const [a, b, c] = [startWork(), startWork(), startWork()];
  const runs = [a, b, c].map(({ work }) => gate.run(work, forever));
  await expect(gate.run(async () => {}, forever)).rejects.toThrow("busy");
  expect([a, b, c].map((each) => each.hasStarted())).toEqual([true, false, false]);
  a.finish();
  await runs[0];
  await nextTurn();
  expect([a, b, c].map((each) => each.hasStarted())).toEqual([true, true, false]);
  b.finish();
  c.finish();
  await Promise.all(runs);
  expect(await gate.run(async () => "free again", forever)).toBe("free again");
});

test("who gives up waiting leaves its place", async () => {
  const gate = createGate({ atOnce: 1, waiting: 1, refusal });
  const [a, b, c] = [startWork(), startWork(), startWork()];
  const first = gate.run(a.work, forever);
  const giving = new AbortController();
  const second = gate.run(b.work, giving.signal);
  giving.abort(new Error("gave up"));
  await expect(second).rejects.toThrow("gave up");
  const third = gate.run(c.work, forever);
  for (const each of [a, c]) each.finish();
  await Promise.all([first, third]);
  expect(b.hasStarted()).toBe(false);
  await expect(gate.run(a.work, giving.signal)).rejects.toThrow("gave up");
});

test("work that fails frees its place", async () => {
  const gate = createGate({ atOnce: 1, waiting: 0, refusal });
  const fail = () => Promise.reject(new Error("failed"));
  await expect(gate.run(fail, forever)).rejects.toThrow("failed");
  expect(await gate.run(async () => "done", forever)).toBe("done");
});
