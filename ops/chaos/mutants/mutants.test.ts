import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../command.ts";
import type { PromiseName } from "../evidence.ts";
import { faultNamed } from "../faults/faults.ts";
import { leverPatches } from "../installation/lever-patches.ts";
import { mutantNamed, mutants } from "./mutants.ts";
import { applyPatches, PatchFailed } from "./patch.ts";

const promised: readonly PromiseName[] = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P13"];

const textOf = (file: string) => readFileSync(join(root, file), "utf8");

test.for(mutants)("$name: fits the program as it is", ({ fault, patches }) => {
  for (const patch of patches) expect(applyPatches(textOf(patch.file), [patch])).not.toBe(textOf(patch.file));
  expect(faultNamed(fault).name).toBe(fault);
});

test.for(leverPatches)("a lever fits $file", (patch) => {
  expect(applyPatches(textOf(patch.file), [patch])).toContain("globalThis.chaos");
});

test("there is a mutant for each promise", () => {
  expect(promised.filter((promise) => !mutants.some((mutant) => mutant.promise === promise))).toEqual([]);
});

test("what is not there exactly once can't be replaced", () => {
  const patch = { file: "some.ts", find: "a", replace: "b" };
  expect(() => applyPatches("nothing", [patch])).toThrow(PatchFailed);
  expect(() => applyPatches("a a", [patch])).toThrow("holds 2 times");
  expect(() => mutantNamed("none")).toThrow("there is no mutant none");
});
