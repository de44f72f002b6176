import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { createEndings, type Endings } from "#platform/runtime/endings.ts";
import type { Boot } from "#platform/runtime/module.ts";
import { until } from "#platform/testing/until.ts";
import { type ServerParts, startServer } from "../server.ts";
import { type Callers, callersOf } from "./callers.ts";
import { shapeOfRun } from "./shape.ts";
import { startSplit } from "./split.ts";

export { type ClientOptions, callersOf, type TestUser } from "./callers.ts";

/** A real installation on free ports, with its data in a temporary folder: one process, or several. */
export interface Stack extends Callers {
  /** Where clients connect. */
  readonly url: string;
  readonly dataDir: string;
  /** The inside of the process. Throws where there are several: tests of those go through ports alone. */
  readonly boot: Boot;
  /** Calls a service as another process of the installation does. */
  inside<Service extends DescService>(service: Service): Client<Service>;
  /** Waits until the store holds what was followed. */
  projected(): Promise<void>;
  /** Stops all processes and removes the data. Stopping twice is harmless. */
  stop(): Promise<void>;
}

/** Limits out of the way of tests that are not about them. */
const generous = {
  PARLEY_LISTEN: "127.0.0.1:0",
  PARLEY_LOG_LEVEL: "silent",
  PARLEY_SHARDS: "4",
  PARLEY_LIMIT_CALLS_PER_MINUTE: "0",
  PARLEY_LIMIT_REGISTERS_PER_HOUR: "0",
  PARLEY_LIMIT_LOGINS_PER_MINUTE: "0",
  PARLEY_LIMIT_SEARCHES_PER_MINUTE: "0",
};

/**
 * Starts an installation with the given settings on top of the generous ones, in the shape that the run is of; with
 * `parts`, one process of these. With `PARLEY_DATA` given, the folder is the caller's and outlives the stack.
 */
export async function startStack(settings: Record<string, string> = {}, parts?: ServerParts): Promise<Stack> {
  const endings = createEndings();
  const dataDir = settings.PARLEY_DATA ?? mkdtempSync(join(tmpdir(), "parley-stack-"));
  if (!settings.PARLEY_DATA) endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const env = { ...generous, PARLEY_DATA: dataDir, ...settings };
  const shape = parts ? "embedded" : shapeOfRun();
  try {
    const engines = shape === "embedded" ? {} : await engineSettings(env, endings);
    if (shape === "split") return await startProcesses({ ...env, ...engines }, endings);
    const server = await startServer(readConfig({ ...env, ...engines }), parts);
    endings.push(server.stop);
    return stackOf(server.url, [server.url], env, endings, () => server.boot);
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** What only other shapes need is loaded for them alone. */
async function engineSettings(env: Record<string, string> & { PARLEY_DATA: string }, endings: Endings) {
  const sharedEngines = await import("./shared-engines.ts");
  return await sharedEngines.engineSettings(env, endings);
}

async function startProcesses(env: Record<string, string> & { PARLEY_DATA: string }, endings: Endings): Promise<Stack> {
  const { url, urls } = await startSplit(env, endings);
  return stackOf(url, urls, env, endings, () => {
    throw new Error("there are several processes: look at them through their ports");
  });
}

function stackOf(
  url: string,
  urls: readonly string[],
  { PARLEY_DATA: dataDir }: { PARLEY_DATA: string },
  endings: Endings,
  bootOf: () => Boot,
): Stack {
  return {
    ...callersOf(url, () => readFileSync(join(dataDir, "keys", "operator.key"), "utf8").trim()),
    url,
    dataDir,
    get boot() {
      return bootOf();
    },
    inside: (service) => createClient(service, peerTransport(url, dataDir, endings)),
    projected: () => projected(urls),
    stop: endings.run,
  };
}

function peerTransport(url: string, dataDir: string, endings: Endings) {
  const connections = createPeerConnections(url);
  endings.push(connections.close);
  return createRemoteTransport(connections, readFileSync(join(dataDir, "keys", "peer.key")));
}

async function projected(urls: readonly string[]): Promise<void> {
  const lagging = /^parley_projector_lag_entries\S* [^0]/m;
  await until(async () => {
    const metrics = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
    return metrics.some((text) => lagging.test(text)) ? "the store is behind" : "";
  });
}
