import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "#platform/testing/until.ts";
import { startServerProcess } from "../scenarios/server-process.ts";
import { pause } from "./behaviours/raw.ts";
import { inspectable } from "./inspector.ts";
import { createLoad, type Load } from "./load.ts";
import { type Holdings, type LiveObjects, type Memory, type Observer, openObserver } from "./observer.ts";
import { comeToRest, holdingsWith } from "./resting.ts";
import { foundTown, type Town } from "./town.ts";
import type { Watcher } from "./watcher.ts";
import { describeMissing, startWatchers, watcherKinds } from "./watchers.ts";

export interface SoakOptions {
  /** Rounds of load, with a quiet checkpoint after each. */
  readonly rounds: number;
  readonly roundMs: number;
  /** How many clients act at a time. */
  readonly clients: number;
  readonly seed: number;
  readonly onSample?: (sample: Sample) => void;
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
}

/** What a server holds and takes while it is under load. */
export interface Sample extends Memory, Holdings {
  readonly minutes: number;
  /** How long the server's event loop stood still at most since the sample before. */
  readonly stallMs: number;
}

/** The same when nothing but the watchers is left, and garbage is collected. */
export interface Checkpoint extends Sample, LiveObjects {
  /** Events that were appended so far. */
  readonly events: number;
  /** What may be cached of the databases: their size, up to a bound each. */
  readonly databaseBytes: number;
  /** Why the server did not come to rest; "" where it did. */
  readonly unrest: string;
}

export interface SoakResult {
  /** One before any load, and one after each round. */
  readonly checkpoints: readonly Checkpoint[];
  /** What the server holds when everybody has left that it did not hold before anybody came; "" for nothing. */
  readonly unrest: string;
  readonly watchers: readonly Watcher[];
  /** The last number of each conversation that was acknowledged. */
  readonly heads: ReadonlyMap<string, number>;
  readonly load: Pick<Load, "lives" | "faults">;
  /** Calls that ended with a code that only a fault of the server explains. */
  readonly internalErrors: number;
  /** What the server logged as an error. */
  readonly errorLines: readonly string[];
}

/** Time for the last messages to arrive. */
const arrivalMs = 10_000;
const sampleMs = 3_000;
const internal = /code="(internal|unknown|data_loss)"/;
const errorLevel = /"level":(50|60)/;

/** Runs a server under load with rests in between. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-soak-"));
  const server = await startServerProcess(dataDir, { ...inspectable, PARLEY_ACCESS_TTL_SECONDS: "3600" });
  try {
    const observer = await openObserver(server);
    const before = await observer.holdings();
    const town = await foundTown(server.url, options.clients + watcherKinds.length);
    const watchers = await startWatchers(town);
    const load = createLoad(town, town.people.slice(watcherKinds.length), options.seed);
    const checkpoints = await soak(options, town, observer, watchers, load, dataDir);
    await until(() => describeMissing(watchers, town.heads), arrivalMs).catch(() => {});
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    const unrest = await comeToRest(observer, before);
    const internalErrors = await observer.metric("parley_rpc_ended_total", internal);
    observer.close();
    const errorLines = server
      .output()
      .split("\n")
      .filter((line) => errorLevel.test(line));
    return { checkpoints, unrest, watchers, heads: town.heads, load, internalErrors, errorLines };
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function soak(
  options: SoakOptions,
  town: Town,
  observer: Observer,
  watchers: readonly Watcher[],
  load: Load,
  dataDir: string,
): Promise<Checkpoint[]> {
  const start = performance.now();
  const minutes = () => (performance.now() - start) / 60_000;
  const resting = await holdingsWith(observer, watchers.length);
  const sample = async (memory?: Memory): Promise<Sample> => ({
    minutes: minutes(),
    stallMs: await observer.longestStall(),
    ...(await observer.holdings()),
    ...(memory ?? (await observer.memory())),
  });
  const checkpoint = async () => {
    const unrest = await comeToRest(observer, resting);
    // Counting objects takes memory, too, so it comes last.
    const taken = await sample(await observer.settledMemory());
    const kept = { events: eventsIn(town), databaseBytes: databaseBytesIn(dataDir) };
    const made: Checkpoint = { ...taken, ...kept, unrest, ...(await observer.liveObjects()) };
    options.onCheckpoint?.(made);
    return made;
  };
  const checkpoints = [await checkpoint()];
  for (let round = 0; round < options.rounds; round++) {
    // What the checkpoint itself took is no stall of the server's.
    await observer.longestStall();
    load.resume();
    const end = performance.now() + options.roundMs;
    while (performance.now() < end) {
      await pause(Math.min(sampleMs, end - performance.now()));
      options.onSample?.(await sample());
    }
    await load.pause();
    checkpoints.push(await checkpoint());
  }
  return checkpoints;
}

function eventsIn({ heads }: Town): number {
  return [...heads.values()].reduce((sum, head) => sum + head, 0);
}

/** What the engine caches of one database at most. */
const maxCachedBytes = 64 * 1024 * 1024;

function databaseBytesIn(dataDir: string): number {
  const names = readdirSync(dataDir).filter((name) => name.endsWith(".db"));
  return names.reduce((sum, name) => sum + Math.min(statSync(join(dataDir, name)).size, maxCachedBytes), 0);
}
