import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";
import { probeRedis } from "./probes.ts";

describeOnOwnEngines("an engine of one's own", ["redis"], (start) => {
  test("answers, and leaves no process behind when it stops twice", async () => {
    const engine = await start("redis");
    const [node] = engine.nodes;
    const pid = node?.pid ?? 0;
    await probeRedis(node?.address ?? "");
    await Promise.all([engine.stop(), engine.stop()]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    await engine.stop();
  });

  test("answers nothing while it is paused and stops all the same", async () => {
    const engine = await start("redis");
    const [node] = engine.nodes;
    node?.pause();
    await expect(probeRedis(node?.address ?? "")).rejects.toThrow();
    node?.resume();
    await probeRedis(node?.address ?? "");
    node?.pause();
    await engine.stop();
    expect(node?.pid).toBeUndefined();
  });

  test("keeps its data in a folder of the caller's and leaves the folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parley-own-"));
    try {
      const engine = await start("redis", { folder });
      await engine.stop();
      expect(readdirSync(folder)).toEqual(["redis"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("runs below a wrapper", async () => {
    const engine = await start("redis", { wrapper: () => ["env", "--"] });
    await probeRedis(engine.nodes[0]?.address ?? "");
  });

  test("tells the end of its output where it does not start, and leaves nothing", async () => {
    const own = () => readdirSync(tmpdir()).filter((name) => name.startsWith("parley-redis-"));
    const before = own();
    const failing = start("redis", { wrapper: () => ["sh", "-c", "echo no space left; exit 3"] });
    await expect(failing).rejects.toThrow(/^redis ended as it started\. Its output ends with:\nno space left/);
    expect(own()).toEqual(before);
    await expect(start("redis", { wrapper: () => ["frobnicate"] })).rejects.toThrow("frobnicate ENOENT");
  });
});
