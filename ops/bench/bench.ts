/** Measures the figures that Parley is judged by, each beside what bare programs do in the same run. */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeFigure, type Figure, type Measure, meetsGoal, ratioTo } from "./figure.ts";
import { measureDelivery } from "./figures/delivery.ts";
import { measureImport } from "./figures/import.ts";
import { measureLatency } from "./figures/latency.ts";
import { measureMemory } from "./figures/memory.ts";
import { measureSends } from "./figures/sends.ts";
import { measureStart } from "./figures/start.ts";

const measures: Readonly<Record<string, Measure>> = {
  start: measureStart,
  sends: measureSends,
  delivery: measureDelivery,
  latency: measureLatency,
  memory: measureMemory,
  import: measureImport,
};

const usage = `Usage: npm run bench [-- --json] [-- --only ${Object.keys(measures).join("|")}]`;

const machine = {
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
};

const { values } = parseArgs({
  options: { json: { type: "boolean" }, only: { type: "string", multiple: true }, help: { type: "boolean" } },
});
const names = values.only ?? Object.keys(measures);
const unknown = names.find((name) => !measures[name]);
if (values.help || unknown) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
await run(names);

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
