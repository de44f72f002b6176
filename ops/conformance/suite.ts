/** The official suite of the Connect protocols (`connectconformance`), run against a program. */
import { runCommand } from "../command.ts";

export interface SuiteRun {
  /** What is under test. */
  readonly mode: "client" | "server";
  /** What it can do: a file of this folder. The suite takes its cases by that. */
  readonly features: string;
  /** The program that speaks with the runner: a file of this folder, and its arguments. */
  readonly program: readonly [string, ...string[]];
}

export const suiteRuns = {
  "the port as server": { mode: "server", features: "server.yaml", program: ["server.ts"] },
  "the SDK's HTTP/2 transport as client": {
    mode: "client",
    features: "client-http2.yaml",
    program: ["client.ts", "http2"],
  },
  "the SDK's fetch transport as client": {
    mode: "client",
    features: "client-fetch.yaml",
    program: ["client.ts", "fetch"],
  },
} as const satisfies Record<string, SuiteRun>;

export interface SuiteOutcome {
  readonly passed: number;
  /** Each failing case: its name, and what was wrong. */
  readonly failures: readonly string[];
}

/** Throws where the runner can't be started or does not come to its end. */
export async function runSuite({ mode, features, program: [file, ...args] }: SuiteRun): Promise<SuiteOutcome> {
  const path = (name: string) => `ops/conformance/${name}`;
  const command = [process.execPath, path(file), ...args];
  const { stdout, stderr } = await runCommand([
    "connectconformance",
    ...["--mode", mode, "--conf", path(features)],
    "--",
    ...command,
  ]);
  return outcomeOf(stdout, stderr);
}

/** Reads what the runner prints. A failure is named on one line; what was wrong is indented below it. */
export function outcomeOf(stdout: string, stderr: string): SuiteOutcome {
  const output = stdout + stderr;
  const total = /^Total cases: (\d+)\n(\d+) passed, (\d+) failed$/m.exec(output);
  if (!total) throw new Error(`connectconformance ended without totals:\n${output}`);
  const failures = [...output.matchAll(/^FAILED: (.*\n(?:\t.*\n)*)/gm)].map(([, failure = ""]) => failure.trimEnd());
  const unrun = /^Another \d+ could not be run.*$/m.exec(output)?.[0];
  if (unrun) failures.push(unrun);
  if (failures.length === 0 && total[3] !== "0") throw new Error(`failures without names:\n${output}`);
  if (total[2] === "0") failures.push("no case passed");
  return { passed: Number(total[2]), failures };
}
