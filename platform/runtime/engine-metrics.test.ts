import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { measureEngines } from "./engine-metrics.ts";

test("each engine is told as it is when the metrics are read", async () => {
  const metrics = new Registry();
  let isUp = false;
  measureEngines(metrics, [
    { role: "log", kind: "nats", isUp: () => isUp },
    { role: "store", kind: "cql", isUp: () => true },
  ]);
  expect(await metrics.metrics()).toContain('parley_engine_up{role="log",kind="nats"} 0');
  isUp = true;
  const told = await metrics.metrics();
  expect(told).toContain('parley_engine_up{role="log",kind="nats"} 1');
  expect(told).toContain('parley_engine_up{role="store",kind="cql"} 1');
});
