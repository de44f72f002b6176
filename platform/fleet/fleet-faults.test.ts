import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { openNats } from "#platform/engines/nats.ts";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { natsOptions } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { startEngine } from "../../ops/engines/start-engine.ts";
import { beatMs, silentBeatsAfterGap } from "./attendance.ts";
import { type Competitor, startCompetitor } from "./testing/competitor.ts";

async function compete(url: string, name: string): Promise<Competitor> {
  const nats = await openNats(natsOptions(url, 1, name));
  const competitor = await startCompetitor(nats);
  onTestFinished(async () => {
    await competitor.leave();
    await nats.close();
  });
  return competitor;
}

interface Beside {
  readonly process: ChildProcess;
  /** The keys that it holds as far as it knows. */
  readonly held: ReadonlySet<number>;
  /** What it was told to give up. */
  readonly lost: readonly number[];
}

/** A competitor in a process of its own. */
function competeBeside(url: string, name: string): Beside {
  const program = join(import.meta.dirname, "testing/competitor-process.ts");
  const process = spawn(globalThis.process.execPath, [program, `${url}/${name}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void process.kill("SIGKILL"));
  const [held, lost] = [new Set<number>(), [] as number[]];
  createInterface({ input: process.stdout }).on("line", (line) => {
    const [call, key] = line.split(" ");
    if (call === "gained") held.add(Number(key));
    else if (held.delete(Number(key))) lost.push(Number(key));
  });
  return { process, held, lost };
}

const holds = ({ work }: Competitor, count: number, withinMs?: number) =>
  until(() => (work.held.size === count ? "" : `it holds ${work.held.size}`), withinMs);

test("who is stopped in the middle loses its keys within 3 s, and knows it once it wakes up", async () => {
  const [url, name] = [await engineUrl("nats"), freshName()];
  const awake = await compete(url, name);
  const { process, held, lost } = competeBeside(url, name);
  await until(() => (held.size === 8 ? "" : `it holds ${held.size}`));
  await holds(awake, 8);
  process.kill("SIGSTOP");
  await holds(awake, 16, 3_000);
  expect(held.size).toBe(8);
  const before = new Set(held);
  process.kill("SIGCONT");
  await holds(awake, 8);
  await until(() => (lost.length === 8 && held.size === 8 ? "" : `it lost ${lost.length} and holds ${held.size}`));
  expect(new Set(lost)).toEqual(before);
  for (const key of held) expect(awake.work.held.has(key)).toBe(false);
});

test("who is killed loses its keys within 3 s", async () => {
  const [url, name] = [await engineUrl("nats"), freshName()];
  const survivor = await compete(url, name);
  const { process, held } = competeBeside(url, name);
  await until(() => (held.size === 8 ? "" : `it holds ${held.size}`));
  process.kill("SIGKILL");
  await holds(survivor, 16, 3_000);
});

test("while NATS stands still or is away everything stays as it is, and works again after", async () => {
  const engine = await startEngine("nats");
  onTestFinished(engine.stop);
  const [server] = engine.nodes;
  const name = freshName();
  const [one, two] = [await compete(engine.url, name), await compete(engine.url, name)];
  await holds(one, 8);
  await holds(two, 8);
  const calls = () => [one, two].map(({ work }) => [...Array(16).keys()].map((key) => work.calls(key).length));
  const before = calls();
  const outlast = (times: number) => {
    const end = Date.now() + times * beatMs;
    return until(() => (Date.now() >= end ? "" : "not over"), times * beatMs * 2);
  };
  server?.pause();
  await outlast(8);
  server?.resume();
  await outlast(8);
  await server?.kill();
  await outlast(8);
  await server?.restart();
  await outlast(silentBeatsAfterGap + 4);
  expect(calls()).toEqual(before);
  for (const { fleet } of [one, two]) expect(fleet.processes.running()).toHaveLength(2);
  await two.leave();
  await holds(one, 16);
});
