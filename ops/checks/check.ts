import { type Command, type CommandResult, runCommand } from "../command.ts";

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

/** The outcome of a check that finds faults: it holds if there are none. */
export function outcomeOf(faults: readonly string[], notes: readonly string[] = []): Outcome {
  return { passed: faults.length === 0 ? 1 : 0, failed: faults.length === 0 ? 0 : 1, report: faults.join("\n"), notes };
}

/** A check that holds if a command ends with 0. */
export function commandCheck(name: string, command: Command): Check {
  return {
    name,
    async run() {
      return outcomeOf(faultOf(await runCommand(command)));
    },
  };
}

/** What a program that did not end with 0 has printed. */
export function faultOf({ code, stdout, stderr }: CommandResult): string[] {
  return code === 0 ? [] : [`${stdout}${stderr}`];
}
