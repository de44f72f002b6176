import { expect, test } from "vitest";
import { type TurnWriter, WriteTurns } from "./write-turns.ts";

const next = () => new Promise((resolve) => setImmediate(resolve));

function slow(ms: number, flushed: () => void): TurnWriter {
  return {
    flush() {
      const end = performance.now() + ms;
      while (performance.now() < end);
      flushed();
    },
    fail: () => {},
  };
}

test("where very many are due others have their turn between them, and each is flushed once, in order", async () => {
  const turns = new WriteTurns(() => {});
  const order: (number | "another")[] = [];
  const count = 1000;
  for (let writer = 0; writer < count; writer++) turns.add(slow(0.05, () => order.push(writer)));
  while (order.length < count) {
    await next();
    order.push("another");
  }
  expect(order.indexOf("another")).toBeLessThan(count / 2);
  expect(order.filter((each) => each !== "another")).toEqual(Array.from({ length: count }, (_, writer) => writer));
});

test("what becomes due while others are flushed is flushed after them", async () => {
  const turns = new WriteTurns(() => {});
  const order: string[] = [];
  const late = slow(0, () => order.push("late"));
  turns.add(
    slow(0, () => {
      order.push("early");
      turns.add(late);
    }),
  );
  turns.add(slow(0, () => order.push("second")));
  while (order.length < 3) await next();
  expect(order).toEqual(["early", "second", "late"]);
});
