import { expect, it } from "vitest";
import { SilenceError, withWatchdog } from "./frames.ts";

it("gives up a stream that went silent, not a reader that takes its time", async () => {
  async function* source() {
    yield 1;
    yield 2;
    await new Promise(() => {});
  }
  const seen: number[] = [];
  const read = async () => {
    for await (const item of withWatchdog(source(), 30)) {
      seen.push(item);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  await expect(read()).rejects.toThrow(SilenceError);
  expect(seen).toEqual([1, 2]);
});

it("ends where the stream ends", async () => {
  async function* source() {
    yield* [1, 2, 3];
  }
  const seen: number[] = [];
  for await (const item of withWatchdog(source())) seen.push(item);
  expect(seen).toEqual([1, 2, 3]);
});
