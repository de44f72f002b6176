import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./failures.ts";
import type { Io } from "./terminal/io.ts";

/** Runs the server's own program where the server would run, on the `data` folder if one is named. */
export async function runServerProgram(io: Io, args: readonly string[], data?: string): Promise<void> {
  if ((await run(io, "main.ts", args, data)) !== 0) throw new CommandError("Nothing was changed.");
}

/** Runs the program that moves installations, in the same way. */
export async function runMovingProgram(io: Io, args: readonly string[], data?: string): Promise<void> {
  if ((await run(io, "moving.ts", args, data)) !== 0) throw new CommandError("The move did not come to its end.");
}

async function run(io: Io, file: string, args: readonly string[], data?: string): Promise<number> {
  const program = fileURLToPath(new URL(`../../services/${file}`, import.meta.url));
  const env = { ...io.env, ...(data ? { PARLEY_DATA: resolve(data) } : {}) };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: "pipe" });
  child.stdout.pipe(io.stdout, { end: false });
  child.stderr.pipe(io.stderr, { end: false });
  const [code] = await once(child, "close");
  return code;
}
