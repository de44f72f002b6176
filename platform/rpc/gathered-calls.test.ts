import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { gatherCalls, maxKeysPerCall } from "./gathered-calls.ts";

const { signal } = new AbortController();

/** Calls that end when the test says so. */
function heldCalls() {
  const calls: { keys: readonly number[]; end: (error?: Error) => void }[] = [];
  const ask = gatherCalls(
    (keys: readonly number[]) =>
      new Promise<number[]>((resolve, reject) => {
        calls.push({ keys, end: (error) => (error ? reject(error) : resolve(keys.map((key) => key * 2))) });
      }),
  );
  return { calls, ask };
}

test("what is asked in one turn goes together, and each hears its own answer", async () => {
  const { calls, ask } = heldCalls();
  const answers = Promise.all([1, 2, 3].map((key) => ask(key, signal)));
  await nextTurn();
  expect(calls.map(({ keys }) => keys)).toEqual([[1, 2, 3]]);
  calls[0]?.end();
  expect(await answers).toEqual([2, 4, 6]);
});

test("few calls are under way; what is asked meanwhile gathers for the next, which may be full", async () => {
  const { calls, ask } = heldCalls();
  const asked = Array.from({ length: 6 * maxKeysPerCall }, (_, key) => ask(key, signal));
  await nextTurn();
  expect(calls.map(({ keys }) => keys.length)).toEqual(Array(4).fill(maxKeysPerCall));
  const late = ask(7, signal);
  calls[0]?.end();
  await asked[0];
  await nextTurn();
  expect(calls).toHaveLength(5);
  for (let index = 1; index < 7; index++) {
    calls[index]?.end();
    await nextTurn();
  }
  expect([calls.length, await late, (await Promise.all(asked)).length]).toEqual([7, 14, asked.length]);
});

test("a call that fails fails for those it asked for alone; who left is not asked for", async () => {
  const { calls, ask } = heldCalls();
  const [leaving, failing] = [new AbortController(), ask(1, signal)];
  const left = ask(2, leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  expect(calls.map(({ keys }) => keys)).toEqual([[1]]);
  calls[0]?.end(new Error("out of reach"));
  await expect(failing).rejects.toThrow("out of reach");
  const next = ask(3, signal);
  await nextTurn();
  calls[1]?.end();
  expect(await next).toBe(6);
});

test("a call that gives fewer answers than it has keys fails: nobody knows whose they are", async () => {
  const ask = gatherCalls(async (keys: readonly number[]) => keys.slice(1));
  const outcomes = await Promise.allSettled([ask(1, signal), ask(2, signal)]);
  const failed = { status: "rejected", reason: { message: "a call for 2 keys gave 1 answers" } };
  expect(outcomes).toMatchObject([failed, failed]);
});
