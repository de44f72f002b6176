/** Measures the figures that Parley is judged by, each beside what bare programs and peers do in the same run. */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureCrowd } from "./crowd/crowd.ts";
import { describeFigure, type Figure, type Measure, meetsGoal, ratioTo } from "./figure.ts";
import { measureDelivery } from "./figures/delivery.ts";
import { measureImport } from "./figures/import.ts";
import { measureLatency } from "./figures/latency.ts";
import { measureSends } from "./figures/sends.ts";
import { measureStart } from "./figures/start.ts";
import { fleetMeasures } from "./fleet/fleet-figures.ts";
import { measureAppends } from "./log/appends.ts";
import { measureProjecting } from "./store/projecting.ts";
import { measureFanout } from "./wire/fanout.ts";
import { measureForwarding } from "./wire/forwarding.ts";
import { measureHop } from "./wire/hop.ts";
import { measureMemory } from "./wire/memory.ts";
import { measureTracing } from "./wire/tracing.ts";
import { measureUnary } from "./wire/unary.ts";

const measures: Readonly<Record<string, Measure>> = {
  start: measureStart,
  sends: measureSends,
  delivery: measureDelivery,
  latency: measureLatency,
  import: measureImport,
  log: measureAppends,
  projector: measureProjecting,
  unary: measureUnary,
  tracing: measureTracing,
  fanout: measureFanout,
  memory: measureMemory,
  hop: measureHop,
  forwarding: measureForwarding,
  crowd: measureCrowd,
  ...fleetMeasures,
};

/** Take gigabytes and many minutes, so only who asks for them gets them. */
const onlyAsked = ["crowd", ...Object.keys(fleetMeasures)];

/** Names that stand for several measures. */
const groups: Readonly<Record<string, readonly string[]>> = {
  wire: ["unary", "fanout", "memory", "hop", "forwarding"],
  fleet: Object.keys(fleetMeasures),
};

const names = Object.keys(measures).join("|");
const usage = `Usage: npm run bench [-- [${Object.keys(groups).join("|")}|${names}]... [--only ${names}]... [--json]]`;

const machine = {
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
};

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean" }, only: { type: "string", multiple: true }, help: { type: "boolean" } },
  allowPositionals: true,
});
const asked = [...positionals, ...(values.only ?? [])].flatMap((name) => groups[name] ?? [name]);
if (values.help || asked.some((name) => !measures[name])) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
await run(asked.length > 0 ? asked : Object.keys(measures).filter((name) => !onlyAsked.includes(name)));

async function run(names: readonly string[]): Promise<void> {
  const figures: Figure[] = [];
  for (const name of names) {
    console.error(`${name} …`);
    const measured = (await measures[name]?.()) ?? [];
    figures.push(...measured);
    if (!values.json) for (const figure of measured) console.log(describeFigure(figure));
  }
  if (values.json) console.log(JSON.stringify({ machine, figures: figures.map(toJson) }, undefined, 2));
}

function toJson(figure: Figure) {
  const floors = figure.floors?.map((floor) => ({ ...floor, ratio: ratioTo(figure, floor) }));
  return { ...figure, ...(floors ? { floors } : {}), ...(figure.goal ? { met: meetsGoal(figure) } : {}) };
}
