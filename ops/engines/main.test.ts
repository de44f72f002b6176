import { once } from "node:events";
import { expect, test } from "vitest";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { runCommand, startCommand } from "../command.ts";
import { probeRedis } from "./probes.ts";

describeOnOwnEngines("npm run engines", ["redis"], () => {
  test("starts what is named, prints the settings and stops on Ctrl-C", async () => {
    const child = startCommand(["node", "ops/engines/main.ts", "redis"], { env: { TEST_REDIS: "" } });
    let printed = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await until(() => (printed.includes("Ctrl-C") ? "" : `printed: ${printed}`));
    const url = /^PARLEY_EPHEMERAL=redis:\/\/(\S+)$/m.exec(printed)?.[1] ?? "";
    expect(printed).toContain(`TEST_REDIS=redis://${url}\n`);
    await probeRedis(url);

    const ended = once(child, "exit");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    await expect(probeRedis(url)).rejects.toThrow("ECONNREFUSED");
  });
});

test("a name that is no engine's is refused with those that are", async () => {
  const { code, stderr } = await runCommand(["node", "ops/engines/main.ts", "mongo"]);
  expect(code).toBe(1);
  expect(stderr).toContain('there is no engine "mongo": name some of nats, nats-cluster, cql, redis, or none for all');
});
