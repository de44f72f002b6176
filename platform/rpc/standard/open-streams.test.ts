import { expect, test } from "vitest";
import { platformErrors } from "../errors.ts";
import { limitOpen } from "./open-streams.ts";

async function* endless() {
  for (;;) yield "still here";
}

test("streams beyond the bound are refused until one ends", async () => {
  const limited = limitOpen(2);
  const open = () => limited(endless())[Symbol.asyncIterator]();
  const [first, second] = [open(), open()];
  await Promise.all([first.next(), second.next()]);
  const refused = { reason: platformErrors.RATE_LIMITED.reason, retryable: true };
  await expect(open().next()).rejects.toMatchObject(refused);
  await first.return?.();
  expect((await open().next()).value).toBe("still here");
});
