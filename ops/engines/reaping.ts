import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** What is left to do should this process die: one of the three. */
export interface Due {
  readonly pid?: number;
  readonly folder?: string;
  readonly command?: readonly string[];
}

let reaper: ChildProcess | undefined;

/** Sees to it that `due` is done even if this process is killed. Answers a function that strikes it off. */
export function reapLater(due: Due): () => void {
  reaper ??= startReaper();
  const { stdin } = reaper;
  stdin?.write(`${JSON.stringify(due)}\n`);
  return () => stdin?.write(`${JSON.stringify({ ...due, done: true })}\n`);
}

/** In a session of its own, so that Ctrl-C in the terminal does not reach it. */
function startReaper(): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  child.unref();
  if (child.stdin && "unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  child.stdin?.on("error", () => undefined);
  return child;
}
