import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { EngineNode } from "./engine.ts";
import { reapLater } from "./reaping.ts";

export interface EngineProcess {
  readonly name: string;
  readonly address: string;
  /** Made if it is not there. */
  readonly folder: string;
  /** Where its output is kept, beside its data: a full disk is told nevertheless. */
  readonly logFolder: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves once it answers, rejects while it does not. */
  readonly probe: () => Promise<void>;
}

/** The longest that a node may take to answer, on a machine with other work. */
const startMs = 90_000;
const pollMs = 25;
const tailBytes = 4_000;

/** A node that does not run yet: `restart` starts it. */
export function createEngineProcess(options: EngineProcess): EngineNode {
  const { name, address, folder, probe } = options;
  const log = join(options.logFolder, `${name}.log`);
  let child: ChildProcess | undefined;
  const output = () => tailOf(log);
  const isRunning = () => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const send = (signal: NodeJS.Signals) => {
    if (isRunning() && child?.pid) process.kill(-child.pid, signal);
  };

  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    if (!child || !isRunning()) return;
    const ended = once(child, "exit");
    send(signal);
    await ended;
  };
  const restart = async () => {
    await kill();
    mkdirSync(folder, { recursive: true });
    const started = startProcess(options, log);
    child = started;
    await answering(probe, name, () => ({ ended: !isRunning(), output: output() }));
  };
  return {
    name,
    address,
    folder,
    get pid() {
      return isRunning() ? child?.pid : undefined;
    },
    output,
    kill,
    pause: () => send("SIGSTOP"),
    resume: () => send("SIGCONT"),
    restart,
  };
}

/** A group of its own, which signals reach whole, with its output in a file: a pipe would stop it when nobody reads. */
function startProcess({ command: [program = "", ...args], env }: EngineProcess, log: string): ChildProcess {
  const out = openSync(log, "a");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", out, out], env: { ...process.env, ...env } });
  closeSync(out);
  child.on("error", () => undefined); // Told by the missing pid.
  if (child.pid) child.once("exit", reapLater({ pid: child.pid }));
  return child;
}

/** Waits for the probe to succeed; once the process ended or too much time has passed, tells the tail of its output. */
export async function answering(
  probe: () => Promise<void>,
  name: string,
  state: () => { ended: boolean; output: string },
): Promise<void> {
  const end = Date.now() + startMs;
  for (;;) {
    const reason = await probe().then(
      () => "",
      (error: unknown) => String(error),
    );
    if (reason === "") return;
    const { ended, output } = state();
    if (ended) throw new Error(`${name} ended as it started; its output ends with:\n${output}`);
    if (Date.now() > end) {
      throw new Error(
        `${name} did not answer within ${startMs / 1_000} s (${reason}); its output ends with:\n${output}`,
      );
    }
    await wait(pollMs);
  }
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-tailBytes);
  } catch {
    return "";
  }
}
