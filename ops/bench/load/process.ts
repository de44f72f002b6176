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

/** Starts the bare HTTP/2 server that figures are compared with. */
export async function startBareServer(env: Readonly<Record<string, string>> = {}): Promise<Measured> {
  const child = startCommand([process.execPath, "ops/bench/floors/bare-server.ts"], { env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const url = () => /ready at (\S+)/.exec(printed)?.[1] ?? "";
  await until(() => (url() ? "" : `no URL in: ${printed}`));
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
  return { ...measuresOf(url()), output: () => printed, stop };
}

function measuresOf(url: string) {
  const metric = async (name: string) => {
    const match = new RegExp(`^${name} (\\S+)`, "m").exec(await readMetrics(url));
    if (!match) throw new Error(`${url}/metrics does not tell ${name}`);
    return Number(match[1]);
  };
  return {
    url,
    cpuSeconds: () => metric("process_cpu_seconds_total"),
    residentBytes: () => metric("process_resident_memory_bytes"),
  };
}

/** Over HTTP/2 by prior knowledge, which the bare server speaks alone. */
async function readMetrics(url: string): Promise<string> {
  const session = connect(url);
  try {
    const stream = session.request({ ":path": "/metrics" });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    session.close();
  }
}
