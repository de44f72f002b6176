import { expect, test } from "vitest";
import { batchesOf, maxBatchBytes, maxBatchItems } from "./import-batches.ts";
import type { IrcItem } from "./irc-import.ts";

const item = (bytes: number): IrcItem => ({
  clientId: "",
  nick: "a",
  timeMs: 0,
  body: { case: "posted", text: "x".repeat(bytes), action: false },
});
const sizes = (items: IrcItem[]) => batchesOf(items).map((batch) => batch.length);

test("a batch holds as many items as one call takes", () => {
  expect(sizes([])).toEqual([]);
  expect(sizes(Array.from({ length: 2 * maxBatchItems + 1 }, () => item(1)))).toEqual([
    maxBatchItems,
    maxBatchItems,
    1,
  ]);
});

test("a batch holds as many bytes as one call takes", () => {
  expect(sizes([item(maxBatchBytes), item(1)])).toEqual([1, 1]);
  expect(sizes([item(1), item(maxBatchBytes - 1), item(1)])).toEqual([2, 1]);
  expect(sizes(Array.from({ length: 20 }, () => item(16 * 1024)))).toEqual([16, 4]);
});
