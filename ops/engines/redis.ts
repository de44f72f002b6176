/** A Redis server that stores nothing. */
import { join } from "node:path";
import type { Engine, StartOptions } from "./engine.ts";
import { createEngineProcess } from "./engine-process.ts";
import { freePorts } from "./ports.ts";
import { probeTcp } from "./probes.ts";
import { findProgram, MissingEngine } from "./programs.ts";
import { createRunFolder } from "./run-folder.ts";

export async function startRedis(options: StartOptions = {}): Promise<Engine> {
  const program = findProgram("redis-server");
  if (!program) throw new MissingEngine("redis-server is not on PATH");
  const run = createRunFolder("redis");
  const host = options.host?.(0) ?? "127.0.0.1";
  const [port = 0] = await freePorts(1, host);
  const folder = join(options.folder ?? run.path, "redis");
  const node = createEngineProcess({
    name: "redis",
    address: `${host}:${port}`,
    folder,
    logFolder: run.path,
    command: [
      ...(options.wrapper?.(0) ?? []),
      program,
      ...["--bind", host, "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"],
    ],
    probe: () => probeTcp(host, port, "PING\r\n", (bytes) => bytes.toString().startsWith("+PONG")),
  });
  const engine: Engine = {
    name: "redis",
    url: `redis://${host}:${port}`,
    monitors: [],
    nodes: [node],
    ready: () => Promise.resolve(),
    async stop() {
      await node.kill();
      run.remove();
    },
  };
  try {
    await node.restart();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
