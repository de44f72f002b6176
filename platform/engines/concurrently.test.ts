import { expect, test } from "vitest";
import { concurrently } from "./concurrently.ts";

const soon = (turns: number) =>
  new Promise<void>((resolve) => (turns > 0 ? setImmediate(() => resolve(soon(turns - 1))) : resolve()));

test("results come in the order of the items, and never are more under way than allowed", async () => {
  let [running, most] = [0, 0];
  const run = async (item: number) => {
    most = Math.max(most, ++running);
    await soon(item % 3);
    running--;
    return item * 2;
  };
  const items = Array.from({ length: 20 }, (_, item) => item);
  expect(await concurrently(items, 4, run)).toEqual(items.map((item) => item * 2));
  expect(most).toBe(4);
  expect(await concurrently([], 4, run)).toEqual([]);
});

test("after a failure nothing is begun, and what runs is waited for", async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const outcome = concurrently([0, 1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 0) throw new Error("no");
    await soon(5);
    ended.push(item);
  });
  await expect(outcome).rejects.toThrow("no");
  expect([begun, ended]).toEqual([[0, 1], [1]]);
});
