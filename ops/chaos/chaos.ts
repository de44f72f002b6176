/** Hurts an installation in every way there is while clients use it, and compares what all sides then hold to be true. */
import { parseArgs } from "node:util";
import { createEndings } from "#platform/runtime/endings.ts";
import { type CampaignOptions, runFaults, runMutant } from "./campaign.ts";
import type { Fault } from "./faults/fault.ts";
import { faultNamed, faults } from "./faults/faults.ts";
import { startEngines } from "./installation/engines.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { mutantNamed, mutants } from "./mutants/mutants.ts";
import { findingLines, mutantLine, stallGoalMs, tableHead, tableLine } from "./table.ts";

const usage = `Usage: npm run chaos [-- option…]
  --faults a,b        these faults; by default all
  --mutants a,b       instead, whether the checker finds these mutants out; "all" for each
  --seed number       what decides everything that is left to chance (1)
  --minutes number    begin no fault after that time, and again from the first until then; by default each is run once
  --lasts seconds     how long a fault lasts that lasts (8)
  --logs folder       keep what the processes print
Faults: ${faults.map(({ name }) => name).join(", ")}
Mutants: ${mutants.map(({ name }) => name).join(", ")}`;

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: "" },
    mutants: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "0" },
    lasts: { type: "string", default: "8" },
    logs: { type: "string" },
    help: { type: "boolean" },
  },
});
const [seed, minutes, lasts] = [values.seed, values.minutes, values.lasts].map(Number);
if (values.help || seed === undefined || !Number.isInteger(seed) || !(Number(minutes) >= 0) || !(Number(lasts) > 0)) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
const stopping = new AbortController();
if (minutes) setTimeout(() => stopping.abort(), minutes * 60_000).unref();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
process.exitCode = (await run(seed, Number(lasts) * 1_000)) ? 0 : 1;

async function run(seed: number, lastsMs: number): Promise<boolean> {
  const chosen = values.faults === "" ? faults : values.faults.split(",").map(faultNamed);
  const disguised = values.mutants === "all" ? mutants : values.mutants.split(",").filter(Boolean).map(mutantNamed);
  const endings = createEndings();
  try {
    const engines = await startEngines(endings);
    const { signal } = stopping;
    const options = { name: "chaos", addresses: engines, engines, seed, lastsMs, signal, logs: values.logs };
    if (disguised.length > 0) return await tellMutants(disguised, options);
    return await tellFaults(chosen, options);
  } finally {
    await endings.run();
  }
}

/** Each fault once; and again with the next seed while there is time. */
async function tellFaults(chosen: readonly Fault[], options: CampaignOptions): Promise<boolean> {
  let holds = true;
  let { seed } = options;
  do {
    console.log(`Seed ${seed}\n${tableHead}`);
    for await (const result of runFaults(chosen, { ...options, seed, name: `${options.name}_${seed}` })) {
      if ("missing" in result) {
        console.log(`${result.fault} is left out: ${result.missing}`);
        continue;
      }
      const isSlow = result.stall.ms > stallGoalMs;
      console.log([tableLine(result), ...findingLines(result.findings)].join("\n"));
      if (isSlow) console.log(`  stall: ${result.stall.what}`);
      holds &&= result.findings.length === 0 && !isSlow;
    }
    seed++;
  } while (minutes && !options.signal?.aborted);
  return holds;
}

async function tellMutants(disguised: readonly Mutant[], options: CampaignOptions): Promise<boolean> {
  let holds = true;
  for (const [n, mutant] of disguised.entries()) {
    if (options.signal?.aborted) return false;
    const result = await runMutant(mutant, { ...options, name: `${options.name}_mutant_${n}` });
    console.log([mutantLine(result), ...findingLines(result.caught)].join("\n"));
    holds &&= result.caught.length > 0;
  }
  return holds;
}
