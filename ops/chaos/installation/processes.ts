import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endings } from "#platform/runtime/endings.ts";
import { freePorts } from "../../engines/ports.ts";
import { reapLater } from "../../engines/reaping.ts";
import { type Levers, levers } from "./levers.ts";
import { type RunningServer, startServer } from "./start-server.ts";

/** Which modules each process runs. */
const kinds = {
  auth: ["auth", "user", "presence", "media"],
  "chat-1": ["chat"],
  "chat-2": ["chat"],
  "projector-1": ["projector"],
  "projector-2": ["projector"],
  "gateway-1": ["gateway"],
  "gateway-2": ["gateway"],
} as const;
export type ProcessName = keyof typeof kinds;
export const processNames: readonly ProcessName[] = [
  "auth",
  "chat-1",
  "chat-2",
  "projector-1",
  "projector-2",
  "gateway-1",
  "gateway-2",
];

/** One process of the installation. */
export interface Process {
  readonly name: ProcessName;
  readonly url: string;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again at its port. */
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  pull(pulled: Partial<Levers>): void;
  /** Everything that it printed. */
  output(): string;
}

/** A process that can't start, as what it stands on is busy or away, is started again, as operators have it done. */
const maxStarts = 4;
const preload = join(import.meta.dirname, "preload.ts");

/** Starts all processes on the engines of `settings`. `endings` ends them. */
export async function startProcesses(
  settings: Readonly<Record<string, string>>,
  mutant: string,
  endings: Endings,
): Promise<ReadonlyMap<ProcessName, Process>> {
  const folder = mkdtempSync(join(tmpdir(), "parley-chaos-"));
  const strikeOff = reapLater({ folder });
  endings.push(() => {
    rmSync(folder, { recursive: true, force: true });
    strikeOff();
  });
  const ports = await freePorts(processNames.length);
  const processes = await Promise.all(
    processNames.map(async (name, n) => {
      const env = { ...settings, CHAOS_MUTANT: mutant, PARLEY_TARGETS: kinds[name].join(",") };
      return [name, await startProcess(name, ports[n] ?? 0, folder, env, endings)] as const;
    }),
  );
  return new Map(processes);
}

async function startProcess(
  name: ProcessName,
  port: number,
  folder: string,
  env: Readonly<Record<string, string>>,
  endings: Endings,
): Promise<Process> {
  const leverFile = join(folder, `${name}.levers`);
  const more = {
    PARLEY_LISTEN: `127.0.0.1:${port}`,
    NODE_OPTIONS: `--import=${preload}`,
    CHAOS_LEVERS: leverFile,
  };
  let printed = "";
  let server: RunningServer | undefined;
  const start = async (tries = 1) => {
    server = startServer({ PARLEY_DATA: folder, ...env, ...more });
    try {
      await server.ready();
    } catch (error) {
      await kill();
      if (tries === maxStarts) throw error;
      await start(tries + 1);
    }
  };
  const kill = async () => {
    await server?.kill();
    printed += server?.output() ?? "";
    server = undefined;
  };
  endings.push(kill);
  await start();
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      await start();
    },
    pause: () => server?.signal("SIGSTOP"),
    resume: () => server?.signal("SIGCONT"),
    pull: (pulled) => writeFileSync(leverFile, JSON.stringify({ ...levers.none, ...pulled })),
    output: () => printed + (server?.output() ?? ""),
  };
}
