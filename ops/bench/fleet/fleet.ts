import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEndings } from "#platform/runtime/endings.ts";
import { runCommand } from "../../command.ts";
import type { Engine, EngineName } from "../../engines/engine.ts";
import { startEngine } from "../../engines/start-engine.ts";
import { startMeasuredProcess } from "../load/process.ts";

export type FleetProcess = Awaited<ReturnType<typeof startMeasuredProcess>> & { readonly targets: string };

/** An installation of many processes on engines of its own: three NATS servers that fsync, Cassandra and Redis. */
export interface Fleet {
  readonly dataDir: string;
  /** Where clients connect. */
  readonly gateways: readonly FleetProcess[];
  readonly processes: readonly FleetProcess[];
  /** Its log, as the setting names it. */
  readonly log: { readonly url: string; readonly monitors: readonly string[]; readonly shards: number };
  /** Seconds of CPU so far, by process: Parley's by their targets, engines by their names. */
  cpuSeconds(): Promise<Map<string, number>>;
  /** Starts one more process. */
  start(targets: string): Promise<FleetProcess>;
  stop(): Promise<void>;
}

const engineNames: readonly EngineName[] = ["nats-cluster", "cql", "redis"];

/**
 * Starts it with one process for each list of targets. A stream of its own for each shard costs fsyncs: with few disks and
 * cores, few shards write the most.
 */
export async function startFleet(targets: readonly string[], shards = 4): Promise<Fleet> {
  const endings = createEndings();
  const dataDir = mkdtempSync(join(tmpdir(), "parley-fleet-"));
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
  try {
    const engines = await Promise.all(engineNames.map((name) => startEngine(name, { steady: true })));
    for (const engine of engines) endings.push(engine.stop);
    const env = settingsOf(engines, shards);
    const { code, stderr } = await runCommand(["node", "ops/migrate.ts"], { env });
    if (code !== 0) throw new Error(`migrating failed: ${stderr}`);
    const start = async (targets: string): Promise<FleetProcess> => {
      const started = await startMeasuredProcess(dataDir, { ...env, PARLEY_TARGETS: targets });
      endings.push(started.stop);
      // A measure that fails outside of what is awaited ends this program at once.
      const end = () => void killIfThere(started.pid);
      process.once("exit", end);
      endings.push(() => void process.off("exit", end));
      return { ...started, targets };
    };
    const processes = await Promise.all(targets.map(start));
    const gateways = processes.filter((process) => process.targets === "gateway");
    const log = { url: env.PARLEY_LOG ?? "", monitors: engines[0]?.monitors ?? [], shards };
    return {
      dataDir,
      processes,
      log,
      gateways,
      start,
      cpuSeconds: () => cpuSeconds(processes, engines),
      stop: endings.run,
    };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function settingsOf([nats, cql, redis]: readonly Engine[], shards: number): Record<string, string> {
  return {
    PARLEY_LOG: `${nats?.url}/bench?replicas=3&max_bytes=4GiB`,
    PARLEY_NATS_MONITOR: nats?.monitors.join(",") ?? "",
    PARLEY_STORE: `${cql?.url}/bench?replication=1`,
    PARLEY_EPHEMERAL: redis?.url ?? "",
    PARLEY_SHARDS: String(shards),
  };
}

async function cpuSeconds(
  processes: readonly FleetProcess[],
  engines: readonly Engine[],
): Promise<Map<string, number>> {
  const spent = new Map<string, number>();
  const add = (name: string, seconds: number) => spent.set(name, (spent.get(name) ?? 0) + seconds);
  for (const { targets, pid } of processes) add(targets, cpuSecondsOf(pid));
  for (const { name, nodes } of engines)
    for (const { pid } of nodes) if (pid !== undefined) add(name, cpuSecondsOf(pid));
  return spent;
}

/** Ticks of a second in /proc/<pid>/stat (proc(5)); 0 where the process is gone. */
const ticks = 100;

function cpuSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch {
    return 0;
  }
}
