import { Counter, Gauge, Registry } from "prom-client";

/**
 * A registry that tells what the process uses, under the names that Prometheus clients agree on. Measured when
 * `/metrics` is read.
 */
export function createProcessRegistry(): Registry {
  const registry = new Registry();
  let counted = 0;
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of all threads, in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const total = (user + system) / 1e6;
      this.inc(total - counted);
      counted = total;
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory, in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started, in seconds since the epoch.",
    registers,
  }).set(performance.timeOrigin / 1000);
  return registry;
}
