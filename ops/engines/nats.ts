/** NATS servers with JetStream: one, or a cluster of three. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, EngineNode, StartOptions } from "./engine.ts";
import { answering, createEngineProcess } from "./engine-process.ts";
import { freePorts } from "./ports.ts";
import { probeHttp } from "./probes.ts";
import { findProgram, MissingEngine, runProgram } from "./programs.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { versions } from "./versions.ts";

interface Place {
  readonly name: string;
  readonly host: string;
  readonly client: number;
  readonly cluster: number;
  readonly monitor: number;
}

export async function startNats(size: 1 | 3, options: StartOptions = {}): Promise<Engine> {
  const program = await natsServer();
  const run = createRunFolder("nats");
  const places = await Promise.all(Array.from({ length: size }, (_, node) => placeOf(node, options)));
  const nodes = places.map((place, node) =>
    nodeOf(program, place, places, run, options.wrapper?.(node) ?? [], options),
  );
  const engine = engineOf(places, nodes, run);
  try {
    await Promise.all(nodes.map((node) => node.restart()));
    await engine.ready();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

function engineOf(places: readonly Place[], nodes: readonly EngineNode[], run: RunFolder): Engine {
  const monitors = places.map(({ host, monitor }) => `http://${host}:${monitor}`);
  return {
    name: nodes.length === 1 ? "nats" : "nats-cluster",
    url: `nats://${nodes.map(({ address }) => address).join(",")}`,
    monitors,
    nodes,
    async ready() {
      await Promise.all(
        nodes.map(({ name, pid, output }, node) =>
          answering(
            () => probeHttp(`${monitors[node]}/healthz`).then(() => undefined),
            name,
            () => ({ ended: pid === undefined, output: output() }),
          ),
        ),
      );
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()));
      run.remove();
    },
  };
}

async function placeOf(node: number, { host }: StartOptions): Promise<Place> {
  const address = host?.(node) ?? "127.0.0.1";
  const [client = 0, cluster = 0, monitor = 0] = await freePorts(3, address);
  return { name: `nats-${node + 1}`, host: address, client, cluster, monitor };
}

function nodeOf(
  program: string,
  place: Place,
  places: readonly Place[],
  run: RunFolder,
  wrapper: readonly string[],
  options: StartOptions,
): EngineNode {
  const { name, host, client, monitor } = place;
  const folder = join(options.folder ?? run.path, name);
  const config = join(run.path, `${name}.conf`);
  writeFileSync(config, configOf(place, places, folder, options.syncAlways ?? true));
  return createEngineProcess({
    name,
    address: `${host}:${client}`,
    folder,
    logFolder: run.path,
    command: [...wrapper, program, "--config", config],
    probe: () => probeHttp(`http://${host}:${monitor}/varz`).then(() => undefined),
  });
}

function configOf(place: Place, places: readonly Place[], folder: string, syncAlways: boolean): string {
  const { name, host, client, cluster, monitor } = place;
  const routes = places.map((other) => `"nats://${other.host}:${other.cluster}"`).join(", ");
  return [
    `server_name: "${name}"`,
    `listen: "${host}:${client}"`,
    `http: "${host}:${monitor}"`,
    // The limits are far above what tests store, so that a full disk is one.
    `jetstream { store_dir: "${folder}", max_file: 64GB, max_mem: 256MB, sync_interval: ${syncAlways ? "always" : "2m"} }`,
    ...(places.length > 1 ? [`cluster { name: parley, listen: "${host}:${cluster}", routes: [${routes}] }`] : []),
    "",
  ].join("\n");
}

async function natsServer(): Promise<string> {
  const program = findProgram("nats-server");
  if (!program) throw new MissingEngine(`nats-server ${versions.nats.floor} is not on PATH`);
  await runProgram(program, ["--version"]);
  return program;
}
