import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SilenceError, silenceMs, withWatchdog } from "./frames.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("gives up a stream that went silent, not a reader that takes its time", async () => {
  async function* source() {
    yield 1;
    yield 2;
    await new Promise(() => {});
  }
  const seen: number[] = [];
  const read = async () => {
    for await (const item of withWatchdog(source())) {
      seen.push(item);
      await vi.advanceTimersByTimeAsync(2 * silenceMs);
    }
  };
  const gaveUp = expect(read()).rejects.toThrow(SilenceError);
  await vi.waitUntil(() => seen.length === 2 && vi.getTimerCount() > 0);
  await vi.advanceTimersByTimeAsync(silenceMs);
  await gaveUp;
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
