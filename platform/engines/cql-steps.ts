import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Migrations } from "./migrate.ts";

/** One file of a component. */
export interface CqlStep {
  readonly component: string;
  readonly step: string;
  readonly statements: readonly string[];
}

/** The steps of the components: files `0001-what.cql`, … in the order of their names. */
export function readCqlSteps(migrations: readonly Migrations[]): CqlStep[] {
  return migrations.flatMap(({ component, dir }) => {
    const steps = readdirSync(dir).filter((name) => name.endsWith(".cql"));
    return steps.sort().map((step) => ({ component, step, statements: statementsOf(join(dir, step)) }));
  });
}

function statementsOf(path: string): string[] {
  return readFileSync(path, "utf8")
    .replace(/--.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
