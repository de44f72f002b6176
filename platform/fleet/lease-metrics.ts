import { Counter, Gauge, type Registry } from "prom-client";
import type { Leases } from "./leases.ts";

/** The leases, with what this process comes to hold and loses counted. */
export function measureLeases(leases: Leases, metrics: Registry): Leases {
  const registers = [metrics];
  const held = new Gauge({
    name: "parley_leases_held",
    help: "Keys that this process holds, by group; for shards of the sequencer and the projector.",
    labelNames: ["group"],
    registers,
  });
  const gained = new Counter({
    name: "parley_leases_gained_total",
    help: "Keys that this process came to hold, by group.",
    labelNames: ["group"],
    registers,
  });
  return {
    ...leases,
    compete(group, keys, work) {
      held.set({ group }, 0);
      return leases.compete(group, keys, {
        gained(key) {
          held.inc({ group });
          gained.inc({ group });
          work.gained(key);
        },
        async lost(key) {
          held.dec({ group });
          await work.lost(key);
        },
      });
    },
  };
}
