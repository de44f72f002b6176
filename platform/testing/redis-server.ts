import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { onTestFinished } from "vitest";
import { openRedis, type RedisEngine } from "#platform/engines/redis.ts";
import { parseRedisUrl } from "#platform/engines/redis-url.ts";
import { until } from "./until.ts";

/** A Redis of one test's own, to be stopped, started again and held. It keeps nothing on disk. */
export interface OwnRedis {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it at once: what it held is gone. */
  stop(): Promise<void>;
  /** Lets it answer nothing until `resume`, though connections to it stand. */
  pause(): void;
  resume(): void;
  connect(): Promise<RedisEngine>;
}

/** Runs until the test has finished. */
export async function startOwnRedis(...settings: string[]): Promise<OwnRedis> {
  const dir = mkdtempSync(join(tmpdir(), "parley-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const redis: OwnRedis = {
    url,
    async start() {
      const own = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir, ...settings];
      child = spawn("redis-server", own, { stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      child.stdout?.on("data", (text: Buffer) => {
        said += text;
      });
      await until(() => (said.includes("Ready to accept connections") ? "" : `Redis did not start: ${said}`));
    },
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async connect() {
      const engine = await openRedis({
        url: parseRedisUrl(url),
        keyPrefix: "test:",
        logger: pino({ level: "silent" }),
      });
      onTestFinished(() => engine.close());
      return engine;
    },
  };
  onTestFinished(async () => {
    await redis.stop();
    rmSync(dir, { recursive: true });
  });
  await redis.start();
  return redis;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
