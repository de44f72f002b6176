import { once } from "node:events";
import { until } from "#platform/testing/until.ts";
import { startCommand } from "../command.ts";

/** A server in a process of its own, as an operator starts it. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Everything it has printed. */
  output(): string;
  /** Ends it and waits until it is gone. Twice is harmless. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** With others that it waits for, and on a machine with other work. */
const startMs = 60_000;

/** Without limits of calls, which scenarios would run into. */
const unlimited = {
  PARLEY_LIMIT_CALLS_PER_MINUTE: "0",
  PARLEY_LIMIT_LOGINS_PER_MINUTE: "0",
  PARLEY_LIMIT_REGISTERS_PER_HOUR: "0",
  PARLEY_LIMIT_SEARCHES_PER_MINUTE: "0",
};

/** With the limits that users have. */
export const defaultLimits = Object.fromEntries(Object.keys(unlimited).map((name) => [name, ""]));

/** Starts a server on `dataDir`, with `wrapper` before its command line, and waits until it is ready. */
export async function startServerProcess(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
): Promise<ServerProcess> {
  const [program = "", ...args] = [...wrapper, process.execPath, "services/main.ts"];
  const child = startCommand([program, ...args], {
    env: { PARLEY_DATA: dataDir, PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LOG_LEVEL: "warn", ...unlimited, ...env },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  const url = () => /^Parley is ready at (http\S+)/m.exec(printed)?.[1];
  await until(() => {
    if (child.exitCode !== null)
      return Promise.reject(new Error(`the server ended with ${child.exitCode}: ${printed}`));
    return url() ? "" : `no URL in: ${printed}`;
  }, startMs);
  return { url: url() ?? "", pid: child.pid ?? 0, output: () => printed, stop };
}
