import { runCli } from "./cli.ts";

/** Runs the process's own arguments. The first Ctrl-C asks the command to stop, the second ends the process. */
export async function main(): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  process.stdout.on("error", () => process.exit(0));
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, signal: interrupted.signal });
  stdin.destroy();
}
