import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";

/** Starts engines, tells its pids and the folder of its data, and never ends. */
const parent = `
  import { startEngine } from ${JSON.stringify(join(import.meta.dirname, "start-engine.ts"))};
  const engines = [await startEngine("nats-cluster"), await startEngine("redis")];
  const nodes = engines.flatMap((engine) => engine.nodes);
  nodes[0].pause();
  console.log(JSON.stringify({ pids: nodes.map((node) => node.pid), folders: nodes.map((node) => node.folder) }));
`;

describeOnOwnEngines("engines whose parent is killed", ["nats-cluster", "redis"], () => {
  test("end, and their data goes", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", parent], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { pids, folders }: { pids: number[]; folders: string[] } = JSON.parse(line);
    expect(pids.filter(isAlive)).toHaveLength(4);
    child.kill("SIGKILL");
    await until(() => pids.filter(isAlive).join(" "));
    await until(() => folders.filter((folder) => existsSync(folder)).join(" "));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
