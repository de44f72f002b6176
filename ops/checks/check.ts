import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** Something that must hold of the project. */
export interface Check {
  readonly name: string;
  run(): Promise<Outcome>;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What to mend; empty where nothing is. */
  readonly report: string;
  /** What the reader of the summary should know, such as what could not be run here. */
  readonly notes?: readonly string[];
}

/** The folder of the checkout. */
export const root = join(import.meta.dirname, "../..");

/** The outcome of a check that finds faults: it holds if there are none. */
export function outcomeOf(faults: readonly string[], notes: readonly string[] = []): Outcome {
  return { passed: faults.length === 0 ? 1 : 0, failed: faults.length === 0 ? 0 : 1, report: faults.join("\n"), notes };
}

/** A check that holds if a command ends with 0. */
export function commandCheck(name: string, command: readonly [string, ...string[]]): Check {
  return {
    name,
    async run() {
      const { code, output } = await runCommand(command);
      return outcomeOf(code === 0 ? [] : [output]);
    },
  };
}

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program in the checkout, with the tools of `node_modules` on PATH. */
export function runCommand([program, ...args]: readonly [string, ...string[]], show = false): Promise<CommandResult> {
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH },
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
  });
}
