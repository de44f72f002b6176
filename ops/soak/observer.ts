import { once } from "node:events";
import { readdirSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { ServerProcess } from "../scenarios/server-process.ts";
import { type Inspector, openInspector } from "./inspector.ts";

/** What a server holds at a moment. */
export interface Holdings {
  /** Descriptors of files and sockets; undefined where the system has no /proc. */
  readonly descriptors: number | undefined;
  /** Sockets and other things that keep the event loop alive: how many of each kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Streams of delivery. */
  readonly streams: number;
  readonly runningCalls: number;
}

export interface Memory {
  readonly residentBytes: number;
  /** The JavaScript heap and buffers outside it. */
  readonly usedBytes: number;
}

/** Objects that a call or a connection leaves behind where something still refers to it. */
export interface LiveObjects {
  /** Sockets, HTTP/2 streams, compressors. */
  readonly duplexes: number;
  readonly abortSignals: number;
}

/** Sees from outside what a server holds; it has no door for that. */
export interface Observer {
  holdings(): Promise<Holdings>;
  memory(): Promise<Memory>;
  /** What is left once garbage is collected. */
  settledMemory(): Promise<Memory>;
  liveObjects(): Promise<LiveObjects>;
  /** Sum of a metric's series whose labels match. */
  metric(name: string, labels?: RegExp): Promise<number>;
  /** Milliseconds that the event loop stood still at most, since this was asked last. */
  longestStall(): Promise<number>;
  close(): void;
}

/** They run in the server, and so must stand alone. */
const watchStalls = `(global) => {
  const { monitorEventLoopDelay } = process.getBuiltinModule("node:perf_hooks");
  global.stalls = monitorEventLoopDelay({ resolution: 10 });
  return global.stalls.enable();
}`;
const readStall = `(global) => {
  const ms = global.stalls.max / 1e6;
  global.stalls.reset();
  return ms;
}`;

const prototypes = {
  duplexes: "process.getBuiltinModule('node:stream').Duplex.prototype",
  abortSignals: "AbortSignal.prototype",
};

export async function openObserver(server: ServerProcess): Promise<Observer> {
  const inspector = await openInspector(server);
  await inspector.evaluate(`(${watchStalls})(globalThis)`);
  const metric = async (name: string, labels = /^/) => sumOf(await readMetrics(server.url), name, labels);
  const memory = async (): Promise<Memory> => {
    const usage: NodeJS.MemoryUsage = JSON.parse(await inspector.evaluate("process.memoryUsage()"));
    return { residentBytes: usage.rss, usedBytes: usage.heapUsed + usage.external };
  };
  return {
    async holdings() {
      const page = await readMetrics(server.url);
      return {
        streams: sumOf(page, "parley_streams_open"),
        runningCalls: sumOf(page, "parley_rpc_running"),
        resources: await resourcesOf(inspector),
        descriptors: countDescriptors(server.pid),
      };
    },
    memory,
    async settledMemory() {
      await inspector.collectGarbage();
      return memory();
    },
    async liveObjects() {
      const duplexes = await inspector.countObjects(prototypes.duplexes);
      return { duplexes, abortSignals: await inspector.countObjects(prototypes.abortSignals) };
    },
    metric,
    async longestStall() {
      return Number(await inspector.evaluate(`(${readStall})(globalThis)`));
    },
    close: inspector.close,
  };
}

/** Over a connection of its own, which is closed before anything is counted. */
async function readMetrics(url: string): Promise<string> {
  const [answer]: IncomingMessage[] = await once(get(`${url}/metrics`, { agent: false }), "response");
  const closed = answer ? once(answer.socket, "close") : undefined;
  const page = answer ? await text(answer) : "";
  await closed;
  return page;
}

function sumOf(page: string, name: string, labels = /^/): number {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.filter((line) => labels.test(line)).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** They come and go by themselves. */
const passing: ReadonlySet<string> = new Set(["Timeout", "Immediate"]);

async function resourcesOf(inspector: Inspector): Promise<Record<string, number>> {
  const kinds: string[] = JSON.parse(await inspector.evaluate("process.getActiveResourcesInfo()"));
  const counts: Record<string, number> = {};
  for (const kind of kinds) if (!passing.has(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function countDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
