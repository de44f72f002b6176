/** Hurts an installation in every way there is while clients use it, and compares what all sides then hold to be true. */
import { parseArgs } from "node:util";
import { createEndings, type Endings } from "#platform/runtime/endings.ts";
import { createRandom } from "../scenarios/crew.ts";
import { foundTown } from "./clients/town.ts";
import { openWays } from "./clients/ways.ts";
import type { Fault } from "./faults/fault.ts";
import { faultNamed, faults, missingFor } from "./faults/faults.ts";
import { startEngines } from "./installation/engines.ts";
import { startInstallation } from "./installation/installation.ts";
import { runRound } from "./round.ts";
import { findingLines, stallGoalMs, tableHead, tableLine } from "./table.ts";

const usage = `Usage: npm run chaos [-- --seed number] [--minutes number] [--faults a,b] [--mutant name] [--lasts seconds]
Faults: ${faults.map(({ name }) => name).join(", ")}`;
const townSize = 5;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "0" },
    faults: { type: "string", default: "" },
    mutant: { type: "string", default: "" },
    lasts: { type: "string", default: "8" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const endings = createEndings();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void endings.run().finally(() => process.exit(130)));
}
try {
  const chosen = values.faults === "" ? faults : values.faults.split(",").map(faultNamed);
  process.exitCode = (await run(chosen, Number(values.seed), Number(values.minutes), endings)) ? 0 : 1;
} finally {
  await endings.run();
}

async function run(chosen: readonly Fault[], seed: number, minutes: number, endings: Endings): Promise<boolean> {
  const engines = await startEngines(endings);
  const installation = await startInstallation({ name: "chaos", addresses: engines, engines, mutant: values.mutant });
  endings.push(installation.stop);
  const ways = openWays(installation.gatewayUrls);
  endings.push(ways.close);
  const people = await foundTown(ways, townSize);
  const end = performance.now() + minutes * 60_000;
  let holds = true;
  console.log(`Chaos with seed ${seed}\n${tableHead}`);
  do {
    const below = createRandom(seed);
    for (const fault of shuffled(chosen, below)) {
      const missing = missingFor(fault, installation);
      if (missing) {
        console.log(`${fault.name} is left out: ${missing}`);
        continue;
      }
      const result = await runRound({
        installation,
        people,
        ways,
        fault,
        seed: below(2 ** 31),
        lastsMs: Number(values.lasts) * 1_000,
      });
      console.log(tableLine(result));
      for (const line of findingLines(result.findings)) console.log(line);
      if (result.stall.ms > stallGoalMs) console.log(`  stall: ${result.stall.what}`);
      holds &&= result.findings.length === 0 && result.stall.ms <= stallGoalMs;
    }
    seed++;
  } while (performance.now() < end);
  return holds;
}

function shuffled<Item>(items: readonly Item[], below: (bound: number) => number): Item[] {
  return items
    .map((item) => ({ item, turn: below(2 ** 31) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ item }) => item);
}
