import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../command.ts";

/** Where engines are installed: ignored by git, kept by `npm ci`. */
export const engineFolder = join(root, ".engines");

/** The longest that an installation may take. */
const installMs = 300_000;
const run = promisify(execFile);

/** An engine can neither be found nor installed; the message says what to do. */
export class MissingEngine extends Error {
  override readonly name = "MissingEngine";
}

/** Where a program stands: in the engines' own folder or on PATH. */
export function findProgram(name: string): string | undefined {
  return [join(engineFolder, "bin"), ...(process.env.PATH ?? "").split(delimiter)]
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Runs a program to its end and answers what it printed. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await run(program, args, { timeout: installMs, env: { ...process.env, ...env } });
  return stdout;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
