import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineNode } from "./engine.ts";
import { type Probe, untilItAnswers } from "./probes.ts";
import { reapLater } from "./reaping.ts";

export interface EngineProcess {
  readonly name: string;
  /** `host:port` for clients. */
  readonly address: string;
  /** Where its data is; made if it is not there. */
  readonly folder: string;
  /** Where it runs and its output is kept, apart from its data: a full disk is told nevertheless. */
  readonly logFolder: string;
  readonly command: readonly string[];
  /** Whether it answers. */
  readonly probe: Probe;
}

/** What is told of a log. */
const tailLength = 4_000;

/** A node that does not run yet: `restart` starts it. */
export function createEngineProcess({ name, address, folder, logFolder, command, probe }: EngineProcess): EngineNode {
  const log = join(logFolder, `${name}.log`);
  let child: ChildProcess | undefined;
  const pid = () => (child && child.exitCode === null && child.signalCode === null ? child.pid : undefined);
  const output = () => readFileSync(log, "utf8").slice(-tailLength);
  const send = (signal: NodeJS.Signals) => {
    const group = pid();
    if (group) process.kill(-group, signal);
  };
  const kill = async (signal: NodeJS.Signals = "SIGKILL") => {
    if (!child || !pid()) return;
    const ended = once(child, "exit");
    send(signal);
    await ended;
  };
  return {
    name,
    address,
    folder,
    get pid() {
      return pid();
    },
    output,
    kill,
    pause: () => send("SIGSTOP"),
    resume: () => send("SIGCONT"),
    async restart() {
      await kill();
      mkdirSync(folder, { recursive: true });
      child = startGroup(command, log, logFolder);
      await untilItAnswers(name, probe, { isRunning: () => pid() !== undefined, output });
    },
  };
}

/** A group of its own, which signals reach whole, with its output in a file: a pipe would stop it when nobody reads. */
function startGroup([program = "", ...args]: readonly string[], log: string, cwd: string): ChildProcess {
  const out = openSync(log, "a");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", out, out], cwd });
  closeSync(out);
  child.on("error", (error) => appendFileSync(log, String(error)));
  if (child.pid) child.once("exit", reapLater({ pid: child.pid }));
  return child;
}
