/** Runs a server for some minutes under every kind of client, honest and not, and fails where anything stays behind. */
import { parseArgs } from "node:util";
import { type Checkpoint, runSoak, type Sample } from "./run-soak.ts";
import { growth, leftBehind, timesOf, type Verdict } from "./verdicts.ts";

const usage = "Usage: npm run soak [-- [minutes] [--seed number] [--clients number]]";
const roundMinutes = 1;
const columns = ["minute", "resident", "in use", "streams", "calls", "files", "stall ms", "events"];

const { positionals, values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    clients: { type: "string", default: "24" },
    help: { type: "boolean" },
  },
  allowPositionals: true,
});
const [minutes, seed, clients] = [positionals[0] ?? "10", values.seed, values.clients].map(Number);
if (values.help || !minutes || !clients || seed === undefined || Number.isNaN(seed) || positionals.length > 1) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
process.exitCode = (await run(minutes, seed, clients)) ? 0 : 1;

async function run(minutes: number, seed: number, clients: number): Promise<boolean> {
  const rounds = Math.max(2, Math.round(minutes / roundMinutes));
  console.log(`A soak of ${minutes} minutes with ${clients} clients, seed ${seed}`);
  console.log(columns.map((column) => column.padStart(8)).join("  "));
  const onCheckpoint = (checkpoint: Checkpoint) => console.log(`${lineOf(checkpoint)}  ${checkpoint.events}  at rest`);
  const onSample = (sample: Sample) => console.log(lineOf(sample));
  const result = await runSoak({ rounds, roundMs: (minutes * 60_000) / rounds, clients, seed, onSample, onCheckpoint });
  console.log("\nLives:");
  for (const [name, count] of [...result.load.lives].sort()) console.log(`  ${String(count).padStart(6)} ${name}`);
  for (const { name, latencies, resumes } of result.watchers) {
    console.log(
      `  ${String(latencies.length).padStart(6)} messages timed over ${name}: ${timesOf(latencies)}; ${resumes} resumes`,
    );
  }
  console.log("");
  const verdicts = [...leftBehind(result), ...growth(result)];
  for (const verdict of verdicts) console.log(describe(verdict));
  return verdicts.every(({ holds }) => holds);
}

function lineOf(sample: Sample): string {
  const { minutes, residentBytes, usedBytes, streams, runningCalls, descriptors = 0, stallMs } = sample;
  const memory = [megabytes(residentBytes), megabytes(usedBytes)];
  const values = [minutes.toFixed(2), ...memory, streams, runningCalls, descriptors, stallMs.toFixed(0)];
  return values.map((column) => String(column).padStart(8)).join("  ");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function describe({ what, found, holds }: Verdict): string {
  return `${holds ? "ok    " : "FAILED"}  ${what}: ${found}`;
}
