import { expect, test } from "vitest";
import { createProcessRegistry } from "./process-metrics.ts";

test("CPU time rises, memory is what the process holds", async () => {
  const registry = createProcessRegistry();
  const read = async (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await registry.metrics())?.[1]);
  const before = await read("process_cpu_seconds_total");
  for (const start = process.cpuUsage(); process.cpuUsage(start).user < 30_000; );
  expect((await read("process_cpu_seconds_total")) - before).toBeGreaterThan(0.02);
  expect(await read("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  expect(await read("process_start_time_seconds")).toBeLessThan(Date.now() / 1000);
});
