import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "#platform/testing/until.ts";
import { startCommand } from "../../command.ts";
import { startServerProcess } from "../../scenarios/server-process.ts";

/** A process that is measured. */
export interface Measured {
  readonly url: string;
  /** Seconds of CPU so far. */
  cpuSeconds(): Promise<number>;
  residentBytes(): Promise<number>;
  /** Everything it has printed. */
  output(): string;
  stop(): Promise<void>;
}

export interface MeasuredServer extends Measured {
  readonly dataDir: string;
}

/** Starts a Parley server without limits on a new folder; stopping it removes the folder. */
export async function startMeasuredServer(env: Readonly<Record<string, string>> = {}): Promise<MeasuredServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const server = await startServerProcess(dataDir, env);
  const stop = async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...measuresOf(server.url), dataDir, output: server.output, stop };
}

/** A process of a fleet, on the data folder of all of them. */
export async function startMeasuredProcess(
  dataDir: string,
  env: Readonly<Record<string, string>>,
): Promise<Measured & { readonly pid: number; kill(): Promise<void> }> {
  const { url, pid, output, stop } = await startServerProcess(dataDir, env);
  return { ...measuresOf(url), pid, output, stop: () => stop(), kill: () => stop("SIGKILL") };
}

/** Starts a gateway beside a server; it is stopped before that. */
export async function startMeasuredGateway(
  core: MeasuredServer,
  env: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const targets = { PARLEY_TARGETS: "gateway", PARLEY_PEERS: core.url };
  const { url, output, stop } = await startServerProcess(core.dataDir, { ...targets, ...env });
  return { ...measuresOf(url), output, stop: () => stop() };
}

/** Starts the bare HTTP/2 server that figures are compared with. */
export function startBareServer(env: Readonly<Record<string, string>> = {}): Promise<MeasuredPeer> {
  return startPeer("ops/bench/floors/bare-server.ts", env);
}

/** A program that ours is compared with. */
export interface MeasuredPeer extends Measured {
  /** Where `POST /publish/all` makes it send everybody a message. */
  readonly controlUrl: string;
  /** How many listen to it. */
  listeners(): Promise<number>;
}

/** Starts a program that says "ready at <url>", and "control at <url>" where it is measured at another one. */
export async function startPeer(
  program: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<MeasuredPeer> {
  const child = startCommand([process.execPath, program, ...args], { env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const url = () => /ready at (\S+)/.exec(printed)?.[1] ?? "";
  await until(() => (url() ? "" : `no URL in: ${printed}`));
  const controlUrl = /control at (\S+)/.exec(printed)?.[1] ?? url();
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
  const { metric, ...measures } = measuresOf(controlUrl);
  const listeners = () => metric("listeners");
  return { ...measures, listeners, url: url(), controlUrl, output: () => printed, stop };
}

function measuresOf(url: string) {
  const metric = async (name: string) => {
    const match = new RegExp(`^${name} (\\S+)`, "m").exec(await readMetrics(url));
    if (!match) throw new Error(`${url}/metrics does not tell ${name}`);
    return Number(match[1]);
  };
  return {
    url,
    metric,
    cpuSeconds: () => metric("process_cpu_seconds_total"),
    residentBytes: () => metric("process_resident_memory_bytes"),
  };
}

/** Over HTTP/2 by prior knowledge, which the bare server speaks alone. */
async function readMetrics(url: string): Promise<string> {
  const session = connect(url).on("error", () => {});
  try {
    const stream = session.request({ ":path": "/metrics" });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    session.close();
  }
}
