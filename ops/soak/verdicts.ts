import { percentile } from "../bench/figure.ts";
import type { Checkpoint, SoakResult } from "./run-soak.ts";
import { slopeOf } from "./slope.ts";
import { describeMissing } from "./watchers.ts";

/** Something that must hold after a soak. */
export interface Verdict {
  readonly what: string;
  /** What was found, in words. */
  readonly found: string;
  readonly holds: boolean;
}

/** What must hold however short the soak and however slow the machine: nothing is left, and nobody missed anything. */
export function leftBehind(result: SoakResult): Verdict[] {
  const { checkpoints, unrest, watchers, heads, load, internalErrors, errorLines } = result;
  const faults = watchers.flatMap((watcher) => watcher.faults.map((fault) => `${watcher.name}: ${fault}`));
  const unresting = checkpoints.filter((checkpoint) => checkpoint.unrest !== "");
  return [
    none(
      "streams, calls, sockets and descriptors left after each round",
      unresting.map((each) => each.unrest),
    ),
    none("the same once everybody has left", [unrest]),
    none("out of order or missing for watchers", [...faults, describeMissing(watchers, heads)]),
    none("wrong answers to honest clients", load.faults),
    none("errors in the server's log", errorLines),
    none("calls that failed by the server's own fault", internalErrors > 0 ? [`${internalErrors}`] : []),
    ...(["duplexes", "abortSignals"] as const).map((kind) => liveObjects(kind, checkpoints)),
  ];
}

/** Sockets, streams and signals that something still refers to, beyond what a coming and going watcher explains. */
const objectsInTransit = 20;

function liveObjects(kind: "duplexes" | "abortSignals", checkpoints: readonly Checkpoint[]): Verdict {
  const [first, last] = [checkpoints[0]?.[kind] ?? 0, checkpoints.at(-1)?.[kind] ?? 0];
  return { what: `${kind} alive`, found: `${first}, then ${last}`, holds: last <= first + objectsInTransit };
}

function none(what: string, found: readonly string[]): Verdict {
  const some = found.filter((each) => each !== "");
  return { what, found: some.length === 0 ? "none" : some.join("; "), holds: some.length === 0 };
}

/** What the ring of followed events keeps of an event; so much by comparing heaps of a soak. */
const bytesPerEvent = 1_500;
/** Growth of memory that is no leak yet: pages that allocators keep, code that is compiled later. */
const heapMargin = 8e6;
const residentMargin = 40e6;
/** What an honest client waits for a message, at the 99th percentile, on a machine that is busy with the load. */
const patienceMs = 1_000;

/** What must hold of memory after the first fifth of a soak, which fills caches; and of latencies. */
export function growth({ checkpoints, watchers }: SoakResult): Verdict[] {
  const end = checkpoints.at(-1)?.minutes ?? 0;
  const warm = checkpoints.filter(({ minutes }) => minutes >= end / 5);
  const latencies = watchers.flatMap((watcher) => watcher.latencies);
  const p99 = percentile(latencies, 0.99);
  return [
    grown("heap and buffers in use after collection", warm, (each) => each.usedBytes, bytesOfEvents, heapMargin),
    grown("resident memory at rest", warm, (each) => each.residentBytes, bytesCached, residentMargin),
    {
      what: "from sending to arriving",
      found: timesOf(latencies),
      holds: p99 <= patienceMs,
    },
  ];
}

/** Times in words. */
export function timesOf(ms: readonly number[]): string {
  return `median ${percentile(ms, 0.5)} ms, 99 % ${percentile(ms, 0.99)} ms, most ${percentile(ms, 1)} ms`;
}

function bytesOfEvents({ events }: Checkpoint): number {
  return events * bytesPerEvent;
}

/** The engine keeps what it has written of a database in memory. */
function bytesCached(checkpoint: Checkpoint): number {
  return bytesOfEvents(checkpoint) + checkpoint.databaseBytes;
}

function grown(
  what: string,
  warm: readonly Checkpoint[],
  bytesOf: (checkpoint: Checkpoint) => number,
  explainedBytes: (checkpoint: Checkpoint) => number,
  margin: number,
): Verdict {
  const [first, last] = [warm[0], warm.at(-1)];
  if (!first || !last) return { what, found: "no checkpoints", holds: false };
  const grownBy = bytesOf(last) - bytesOf(first);
  const explained = explainedBytes(last) - explainedBytes(first);
  const perMinute = slopeOf(warm.map((each) => [each.minutes, bytesOf(each)]));
  const found =
    `${kilobytes(perMinute)} KB/min; ${kilobytes(grownBy)} KB in all, ` +
    `of which what is kept of ${last.events - first.events} events may take ${kilobytes(explained)} KB`;
  return { what, found, holds: grownBy - explained <= margin };
}

function kilobytes(bytes: number): string {
  return Math.round(bytes / 1000).toLocaleString("en");
}
