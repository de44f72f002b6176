import { expect, test } from "vitest";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { runFaults, runMutant } from "./campaign.ts";
import { faultNamed } from "./faults/faults.ts";
import { mutantNamed } from "./mutants/mutants.ts";
import { findingLines } from "./table.ts";

describeOnEngines("an installation of several processes under faults", ["nats", "cql", "redis"], (engines) => {
  const options = () => ({ name: freshName(), addresses: engines, seed: 7, lastsMs: 2_000 });

  test("loses, doubles, reorders and leaks nothing", { timeout: 300_000 }, async () => {
    const struck: string[] = [];
    for await (const result of runFaults(["kill-owner", "drop-all"].map(faultNamed), options())) {
      if ("missing" in result) throw new Error(result.missing);
      expect(findingLines(result.findings)).toEqual([]);
      expect(result.operations).toBeGreaterThan(20);
      struck.push(result.fault);
    }
    expect(struck.sort()).toEqual(["drop-all", "kill-owner"]);
  });

  test.for(["row-skipped", "tombstones-off"])("a mutant is caught: %s", { timeout: 300_000 }, async (name) => {
    const { caught } = await runMutant(mutantNamed(name), options());
    expect(caught).not.toEqual([]);
  });
});
