/**
 * `npm run engines -- [--install] [nats] [nats-cluster] [cql] [redis]`: starts the engines named, or all, prints the
 * settings that use them, and stops them on Ctrl-C. With `--install` it only brings what they need.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { type EngineName, engineNames, type SharedEngine } from "./engine.ts";
import { provideEngine } from "./provide-engine.ts";
import { settingsOf } from "./settings.ts";
import { installEngine } from "./start-engine.ts";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { install: { type: "boolean" } } });
  const names = positionals.length === 0 ? engineNames : positionals.map(engineNamed);
  if (values.install) {
    for (const name of names) await installEngine(name);
    return;
  }
  // A signal before that ends this process at once, and the reaper ends the engines.
  const engines = await startAll(names);
  process.on("SIGINT", () => undefined); // A second Ctrl-C does not cut the stop short.
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  console.log(settingsOf(engines));
  console.log("Ctrl-C stops them; their data goes with them.");
  await stopped;
  await stopAll(engines);
}

function engineNamed(text: string): EngineName {
  const name = engineNames.find((name) => name === text);
  if (!name) throw new Error(`there is no engine "${text}": name some of ${engineNames.join(", ")}, or none for all`);
  return name;
}

/** All of them or none. */
async function startAll(names: readonly EngineName[]): Promise<SharedEngine[]> {
  const starts = await Promise.allSettled(names.map((name) => provideEngine(name)));
  const started = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const failures = starts.flatMap((start) => (start.status === "rejected" ? [messageOf(start.reason)] : []));
  if (failures.length === 0) return started;
  await stopAll(started);
  throw new Error(failures.join("\n"));
}

async function stopAll(engines: readonly SharedEngine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.stop()));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
