import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../command.ts";
import { isAtLeast } from "./versions.ts";

/** Where engines are installed: ignored by git, kept by `npm ci`. */
export const engineFolder = join(root, ".engines");

/** The longest that an installation may take. */
const installMs = 240_000;
const run = promisify(execFile);

/** An engine can neither be found nor installed; the message says what is missing and what to do. */
export class MissingEngine extends Error {
  override readonly name = "MissingEngine";
}

/** Where programs of a name stand: in the engines' own folder, then on PATH. */
export function findPrograms(name: string): string[] {
  return [join(engineFolder, "bin"), ...(process.env.PATH ?? "").split(delimiter)]
    .map((folder) => join(folder, name))
    .filter(isExecutable);
}

/** The first program of a name that is not older than `floor`. */
export async function findVersion(name: string, floor: string): Promise<string | undefined> {
  for (const program of findPrograms(name)) {
    const printed = await runProgram(program, ["--version"]).catch(() => "");
    const version = /\d+\.\d+\.\d+/.exec(printed)?.[0];
    if (version && isAtLeast(version, floor)) return program;
  }
  return undefined;
}

/** Runs a program to its end and answers what it printed, errors too. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout, stderr } = await run(program, args, { timeout: installMs, env: { ...process.env, ...env } });
  return stdout + stderr;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
