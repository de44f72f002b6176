import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "#platform/testing/until.ts";
import { runCommand, startCommand } from "../../command.ts";
import { type Figure, percentile } from "../figure.ts";

const runs = 5;

/** From `npm start` to a server that says it is ready: on a new folder, and on one that has been used. */
export async function measureStart(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"));
  try {
    const fresh: number[] = [];
    const used: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < runs; run++) {
      const dataDir = join(folder, String(run));
      fresh.push(await startOnce(dataDir));
      used.push(await startOnce(dataDir));
      bare.push(await timeOf(() => runCommand(["npm", "--version"])));
    }
    const floors = [{ name: "npm alone", value: percentile(bare, 0.5) }];
    const figure = (name: string, times: number[]): Figure => ({
      name,
      unit: "ms",
      value: percentile(times, 0.5),
      floors,
      goal: { atMost: 1000 },
    });
    return [figure("npm start to ready, first time", fresh), figure("npm start to ready, again", used)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function startOnce(dataDir: string): Promise<number> {
  const env = { PARLEY_DATA: dataDir, PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LOG_LEVEL: "warn" };
  const child = startCommand(["npm", "start"], { env });
  let printed = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  try {
    return await timeOf(() => until(() => (printed.includes("Parley is ready") ? "" : "it is not ready")));
  } finally {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
