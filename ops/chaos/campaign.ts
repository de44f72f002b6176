import { createEndings } from "#platform/runtime/endings.ts";
import { createRandom } from "../scenarios/crew.ts";
import { foundTown } from "./clients/town.ts";
import { openWays } from "./clients/ways.ts";
import type { Finding } from "./evidence.ts";
import type { Fault } from "./faults/fault.ts";
import { faultNamed, missingFor } from "./faults/faults.ts";
import { type InstallationOptions, startInstallation } from "./installation/installation.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { type RoundResult, runRound } from "./round.ts";

export interface CampaignOptions extends Omit<InstallationOptions, "mutant"> {
  readonly seed: number;
  /** How long a fault lasts that lasts. */
  readonly lastsMs: number;
  /** Begins no round once it is aborted. */
  readonly signal?: AbortSignal;
}

const townSize = 5;

/** Strikes one installation with the faults, one after the other, in an order that the seed decides. */
export async function* runFaults(
  faults: readonly Fault[],
  options: CampaignOptions & { readonly mutant?: string },
): AsyncGenerator<RoundResult | { readonly fault: string; readonly missing: string }> {
  const endings = createEndings();
  try {
    const installation = await startInstallation(options);
    endings.push(installation.stop);
    const ways = openWays(installation.gatewayUrls);
    endings.push(ways.close);
    const people = await foundTown(ways, townSize);
    const below = createRandom(options.seed);
    for (const fault of shuffled(faults, below)) {
      if (options.signal?.aborted) return;
      const missing = missingFor(fault, installation);
      const seed = below(2 ** 31);
      if (missing) yield { fault: fault.name, missing };
      else {
        const round = runRound({ installation, people, ways, fault, seed, lastsMs: options.lastsMs });
        yield await round.catch((error) => uncheckedRound(fault, error));
      }
    }
  } finally {
    await endings.run();
  }
}

/** Where an installation does not come back so far that it can be looked at. */
function uncheckedRound({ name }: Fault, error: unknown): RoundResult {
  const what = `the round could not be checked: ${error instanceof Error ? error.message : error}`;
  return { fault: name, operations: 0, findings: [{ promise: "P9", kind: "lost", what }], stall: { ms: 0, what: "" } };
}

export interface MutantResult {
  readonly mutant: Mutant;
  /** The findings under the promise that it breaks; none: it was not caught. */
  readonly caught: readonly Finding[];
  readonly others: number;
  readonly operations: number;
}

/** Whether the checker finds out the mutant, by the promise that it breaks. */
export async function runMutant(mutant: Mutant, options: CampaignOptions): Promise<MutantResult> {
  const findings: Finding[] = [];
  let operations = 0;
  for await (const result of runFaults([faultNamed(mutant.fault)], { ...options, mutant: mutant.name })) {
    if ("missing" in result) throw new Error(`${mutant.fault} can't strike here: ${result.missing}`);
    findings.push(...result.findings);
    operations += result.operations;
  }
  const caught = findings.filter(({ promise }) => promise === mutant.promise);
  return { mutant, caught, others: findings.length - caught.length, operations };
}

function shuffled<Item>(items: readonly Item[], below: (bound: number) => number): Item[] {
  return items
    .map((item) => ({ item, turn: below(2 ** 31) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ item }) => item);
}
