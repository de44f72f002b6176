/** A Redis server that keeps nothing on disk. */
import { resolve } from "node:path";
import type { Engine, StartOptions } from "./engine.ts";
import { createEngineProcess } from "./engine-process.ts";
import { freePorts } from "./ports.ts";
import { probeRedis } from "./probes.ts";
import { findPrograms, findVersion, MissingEngine, runProgram } from "./programs.ts";
import { startNodes } from "./start-nodes.ts";
import { versions } from "./versions.ts";

export async function startRedis(options: StartOptions = {}): Promise<Engine> {
  const program = await redisServer();
  return await startNodes("redis", async (runFolder) => {
    const host = options.host?.(0) ?? "127.0.0.1";
    const [port = 0] = await freePorts(1, host);
    const folder = resolve(options.folder ?? runFolder, "redis");
    const settings = ["--bind", host, "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no"];
    const address = `${host}:${port}`;
    const node = createEngineProcess({
      name: "redis",
      address,
      folder,
      logFolder: runFolder,
      command: [...(options.wrapper?.(0) ?? []), program, ...settings],
      probe: () => probeRedis(address),
    });
    return { url: `redis://${address}`, monitors: [], nodes: [node], ready: async () => undefined };
  });
}

/** The server on PATH, or that of the distribution where this user may install it. */
export async function redisServer(): Promise<string> {
  const { floor } = versions.redis;
  const found = await findVersion("redis-server", floor);
  if (found) return found;
  const [apt] = findPrograms("apt-get");
  if (!apt || process.getuid?.() !== 0) {
    throw new MissingEngine(`redis-server ${floor} or newer is not on PATH, and this user may not install it with apt`);
  }
  // RUNLEVEL keeps the package from starting a server of its own.
  const quiet = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  await runProgram(apt, ["update", "-qq"], quiet);
  await runProgram(apt, ["install", "-qq", "-y", "--no-install-recommends", "redis-server"], quiet);
  const installed = await findVersion("redis-server", floor);
  if (!installed) throw new MissingEngine(`the redis-server that apt installs is older than ${floor}`);
  return installed;
}
