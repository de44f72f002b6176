import { expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createTurns, maxWaiting } from "./turns.ts";

test("tasks of a key run one after the other, also after one that failed; other keys do not wait", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = turns("ada", async () => {
    await first.promise;
    order.push("ada 1");
    throw new Error("failed");
  });
  const next = turns("ada", async () => order.push("ada 2"));
  await turns("bob", async () => order.push("bob"));
  first.resolve();
  await expect(failing).rejects.toThrow("failed");
  await next;
  expect(order).toEqual(["bob", "ada 1", "ada 2"]);
});

test("tasks beyond the limit are refused until others have run", async () => {
  const turns = createTurns();
  const first = Promise.withResolvers<void>();
  const waiting = Array.from({ length: maxWaiting }, () => turns("ada", () => first.promise));
  await expect(turns("ada", async () => {})).rejects.toMatchObject({ reason: platformErrors.RATE_LIMITED.reason });
  first.resolve();
  await Promise.all(waiting);
  await expect(turns("ada", async () => "ran")).resolves.toBe("ran");
});
