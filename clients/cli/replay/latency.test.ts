import { expect, test } from "vitest";
import { createLatencies } from "./latency.ts";

test("a send and its arrival make one time, whichever is told first", () => {
  const latencies = createLatencies();
  latencies.sent(1n, 100);
  latencies.delivered(1n, 110);
  latencies.delivered(2n, 130);
  latencies.sent(2n, 110);
  latencies.delivered(3n, 500);
  expect(latencies.count).toBe(2);
  expect([latencies.percentile(0.5), latencies.percentile(0.99)]).toEqual([10, 20]);
});

test("without times there is no percentile", () => {
  expect(createLatencies().percentile(0.5)).toBeNaN();
});
