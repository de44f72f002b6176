/** NATS servers with JetStream: one, or a cluster of three. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Engine, EngineNode, StartOptions } from "./engine.ts";
import { createEngineProcess } from "./engine-process.ts";
import { type NatsPlace, natsConfig } from "./nats-config.ts";
import { freePorts } from "./ports.ts";
import { probeHttp, untilItAnswers } from "./probes.ts";
import { engineFolder, findPrograms, findVersion, MissingEngine, runProgram } from "./programs.ts";
import { startNodes } from "./start-nodes.ts";
import { versions } from "./versions.ts";

export async function startNats(size: 1 | 3, options: StartOptions = {}): Promise<Engine> {
  const program = await natsServer();
  return await startNodes(size === 1 ? "nats" : "nats-cluster", async (runFolder) => {
    const places = await placesOf(size, runFolder, options);
    const nodes = places.map((place, node): EngineNode => {
      const config = join(runFolder, `${place.name}.conf`);
      writeFileSync(config, natsConfig(place, places));
      return createEngineProcess({
        name: place.name,
        address: `${place.host}:${place.client}`,
        folder: place.folder,
        logFolder: runFolder,
        command: [...(options.wrapper?.(node) ?? []), program, "--config", config],
        probe: () => probeHttp(`${monitorOf(place)}/varz`),
      });
    });
    return {
      url: `nats://${nodes.map(({ address }) => address).join(",")}`,
      monitors: places.map(monitorOf),
      nodes,
      ready: () => healthy(nodes, places),
    };
  });
}

/** NATS says of itself that it is healthy once JetStream runs and, in a cluster, has caught up with a leader. */
async function healthy(nodes: readonly EngineNode[], places: readonly NatsPlace[]): Promise<void> {
  await Promise.all(
    places.map((place, index) => {
      const node = nodes[index];
      return untilItAnswers(place.name, () => probeHttp(`${monitorOf(place)}/healthz`), {
        isRunning: () => node?.pid !== undefined,
        output: () => node?.output() ?? "",
      });
    }),
  );
}

async function placesOf(size: number, runFolder: string, options: StartOptions): Promise<NatsPlace[]> {
  const places: NatsPlace[] = [];
  for (let node = 0; node < size; node++) {
    const host = options.host?.(node) ?? "127.0.0.1";
    const [client = 0, cluster = 0, monitor = 0] = await freePorts(3, host);
    const name = `nats-${node + 1}`;
    const folder = resolve(options.folder ?? runFolder, name);
    places.push({ name, host, client, cluster, monitor, folder, syncAlways: options.syncAlways ?? true });
  }
  return places;
}

function monitorOf({ host, monitor }: NatsPlace): string {
  return `http://${host}:${monitor}`;
}

/** The server on PATH, or one that Go builds. */
export async function natsServer(): Promise<string> {
  const { install, floor } = versions.nats;
  const found = await findVersion("nats-server", floor);
  if (found) return found;
  const [go] = findPrograms("go");
  if (!go) {
    throw new MissingEngine(`nats-server ${floor} or newer is not on PATH, and Go is not there to install it`);
  }
  const folder = join(engineFolder, "bin");
  await runProgram(go, ["install", `github.com/nats-io/nats-server/v2@v${install}`], { GOBIN: folder });
  return join(folder, "nats-server");
}
