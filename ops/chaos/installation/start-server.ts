import { once } from "node:events";
import { until } from "#platform/testing/until.ts";
import { startCommand } from "../../command.ts";
import { reapLater } from "../../engines/reaping.ts";

/** A server that may be hurt. */
export interface RunningServer {
  /** Resolves once it says that it is ready; rejects where it ends before, or takes too long. */
  ready(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves once it is gone. Twice is harmless. */
  kill(): Promise<void>;
  output(): string;
}

/** A server waits for the others, and the machine is busy. */
const startMs = 90_000;
/** What is kept of what one prints. */
const maxOutput = 200_000;

export function startServer(env: Readonly<Record<string, string>>): RunningServer {
  const child = startCommand([process.execPath, "services/main.ts"], { env });
  const strikeOff = child.pid ? reapLater({ pid: child.pid }) : () => {};
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-maxOutput);
    });
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    ready: () =>
      until(() => {
        if (hasEnded()) return Promise.reject(new Error(`the server ended with ${child.exitCode}: ${printed}`));
        return printed.includes("Parley is ready") ? "" : `not ready: ${printed}`;
      }, startMs),
    signal: (signal) => void (hasEnded() || child.kill(signal)),
    async kill() {
      if (hasEnded()) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      strikeOff();
    },
    output: () => printed,
  };
}
