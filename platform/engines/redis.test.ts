import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { StartError } from "#platform/runtime/start-error.ts";
import { describeOnOwnRedis } from "#platform/testing/redis.ts";
import { until } from "#platform/testing/until.ts";
import { openRedis, type RedisEngine, silenceMs } from "./redis.ts";
import { createScript } from "./redis-script.ts";
import { parseRedisUrl } from "./redis-url.ts";

const logger = pino({ level: "silent" });
const isBack = (engine: RedisEngine) => until(() => engine.notReady() ?? "");

describeOnOwnRedis("Redis", (startRedis) => {
  test("keys of two parts keep apart by their prefix", async () => {
    const redis = await startRedis();
    const url = parseRedisUrl(redis.url);
    const [one, other] = await Promise.all(
      ["one:", "other:"].map((keyPrefix) => openRedis({ url, keyPrefix, logger })),
    );
    await one?.client.set("x", "1");
    expect(await other?.client.get("x")).toBeNull();
    await Promise.all([one?.close(), other?.close(), other?.close()]);
    expect(one?.available()).toBe(false);
  });

  test("while Redis is stopped commands fail at once, and it is found again however often", async () => {
    const redis = await startRedis();
    const engine = await redis.connect();
    const script = createScript(engine.client, "return redis.call('INCR', KEYS[1])");
    for (let round = 0; round < 2; round++) {
      expect(await script(["count"], [])).toBe(1);
      await redis.stop();
      await until(() => (engine.available() ? "not noticed" : ""));
      const begun = performance.now();
      await expect(engine.client.get("count")).rejects.toThrow();
      expect(performance.now() - begun).toBeLessThan(500);
      expect(engine.notReady()).toMatch(/Redis at 127\.0\.0\.1:\d+ can't be reached/);
      await redis.start();
      await isBack(engine);
    }
  });

  test("commands that are under way fail with their connection", async () => {
    const redis = await startRedis();
    const engine = await redis.connect();
    redis.pause();
    const answers = Array.from({ length: 10 }, () => engine.client.incr("count"));
    const settled = Promise.allSettled(answers);
    await redis.stop();
    expect(new Set((await settled).map(({ status }) => status))).toEqual(new Set(["rejected"]));
  });

  test("a Redis that does not answer is given up, and taken again when it does", async () => {
    const redis = await startRedis();
    const engine = await redis.connect();
    redis.pause();
    const begun = performance.now();
    await expect(engine.client.get("x")).rejects.toThrow(/timed out/);
    await until(() => (engine.available() ? "not noticed" : ""));
    expect(performance.now() - begun).toBeLessThan(silenceMs + 1_000);
    redis.resume();
    await isBack(engine);
    expect(await engine.client.get("x")).toBeNull();
  });

  test("a Redis that is not there at the start is waited for in the background", async () => {
    const redis = await startRedis();
    await redis.stop();
    const engine = await redis.connect();
    expect(engine.notReady()).toMatch(/start it, or set PARLEY_EPHEMERAL/);
    await redis.start();
    await isBack(engine);
  });

  test("an older Redis is refused at the start, with the version that is needed", async () => {
    const redis = await startRedis();
    const older = await listenInFront(redis.url, (answer) =>
      answer.replace(/redis_version:\d+\.\d/, "redis_version:6.0"),
    );
    const open = openRedis({ url: parseRedisUrl(older), keyPrefix: "", logger });
    await expect(open).rejects.toThrow(StartError);
    await expect(open).rejects.toThrow(/is version 6\.0: Parley needs 6\.2 or later/);
  });

  test("a user that Redis refuses is told so at the start, without the password", async () => {
    const redis = await startRedis();
    await (await redis.connect()).client.config("SET", "requirepass", "right");
    const open = (credentials: string) =>
      openRedis({ url: parseRedisUrl(redis.url.replace("//", `//${credentials}`)), keyPrefix: "", logger });
    for (const credentials of ["", ":hunter2@", "ford:hunter2@"]) {
      const refusal = open(credentials);
      await expect(refusal).rejects.toThrow(StartError);
      await expect(refusal).rejects.toThrow(/refuses this user .*: set user, password and database/);
      await expect(refusal).rejects.not.toThrow(/hunter2/);
    }
    const engine = await open(":right@");
    expect(engine.available()).toBe(true);
    await engine.close();
  });
});

/** The URL of a Redis whose answers are changed on their way. */
async function listenInFront(url: string, change: (answer: string) => string): Promise<string> {
  const server = createServer((socket) => {
    const behind = connect(Number(new URL(url).port), "127.0.0.1");
    socket.pipe(behind).on("data", (data) => socket.write(change(data.toString("latin1")), "latin1"));
    socket.on("close", () => behind.destroy()).on("error", () => behind.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
