import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import type { Parley } from "../../clients/sdk/node/index.ts";
import { type Crew, createRandom, eventsOf, openCrew, textOf } from "./crew.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const people = 8;
const devicesEach = 4;
const messages = 1000;
/** A subscriber breaks its stream after at most this many events. */
const longestRun = 120;

let dataDir: string;
let server: ServerProcess;
let crew: Crew;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-concurrency-"));
  server = await startServerProcess(dataDir);
  const names = Array.from({ length: people }, (_, person) => `person ${person}`);
  crew = await openCrew(server.url, dataDir, names);
});

afterAll(async () => {
  await crew?.close();
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

test("everybody sends at once while streams drop and resume: all end with one sequence", {
  timeout: 120_000,
}, async () => {
  const devices = await Promise.all(
    Array.from({ length: people * devicesEach }, (_, index) => crew.device(index % people)),
  );
  const subscribers = devices.map((device, index) => startSubscriber(device, createRandom(index)));
  await until(() => (subscribers.every(({ isLive }) => isLive()) ? "" : "not all are live"));
  const [creator] = devices;
  const group = await creator?.conversations.createGroup({ name: "all", memberIds: crew.userIds.slice(1) });
  const conversationId = group?.conversationId ?? "";

  await Promise.all(devices.map((device, index) => sendShare(device, conversationId, index)));
  await until(() => describeBehind(subscribers), 60_000);
  await Promise.all(subscribers.map(({ stop }) => stop()));

  const history = (await eventsOf(devices[1] as Parley, conversationId)).map(
    (event) => `${event.seq} ${textOf(event)}`,
  );
  expect(history).toHaveLength(messages + 1);
  expect(history.map((line) => Number.parseInt(line, 10))).toEqual(history.map((_, index) => index + 1));
  for (const { seen, drops } of subscribers) {
    expect(seen).toEqual(history);
    expect(drops()).toBeGreaterThan(1);
  }
  const sent = devices.flatMap((_, index) => shareOf(index));
  expect(
    history
      .slice(1)
      .map((line) => line.slice(line.indexOf(" ") + 1))
      .sort(),
  ).toEqual(sent.sort());
  for (const index of devices.keys()) expect(orderOf(history, index)).toEqual(shareOf(index));
});

/** The messages that a device sends. */
function shareOf(index: number): string[] {
  const share: string[] = [];
  for (let n = index; n < messages; n += people * devicesEach) share.push(`from ${index}, number ${n}`);
  return share;
}

async function sendShare(device: Parley, conversationId: string, index: number): Promise<void> {
  await Promise.all(shareOf(index).map((text) => device.send(conversationId, { text })));
}

/** The messages of one device in the order of the history. */
function orderOf(history: readonly string[], index: number): string[] {
  return history.map((line) => line.slice(line.indexOf(" ") + 1)).filter((text) => text.startsWith(`from ${index}, `));
}

interface Subscriber {
  /** The events it was given, in order. */
  readonly seen: string[];
  isLive(): boolean;
  /** How often it broke its stream. */
  drops(): number;
  stop(): Promise<void>;
}

/** Follows everything, and breaks the stream again and again. */
function startSubscriber(device: Parley, random: (below: number) => number): Subscriber {
  const seen: string[] = [];
  const stopped = new AbortController();
  let live = false;
  let drops = 0;
  async function followOnce(): Promise<void> {
    const dropped = new AbortController();
    let left = 1 + random(longestRun);
    for await (const event of device.sync({ signal: AbortSignal.any([dropped.signal, stopped.signal]) })) {
      if (event.type === "state") live ||= event.state === "live";
      if (!("event" in event)) continue;
      seen.push(`${event.seq} ${textOf(event.event)}`);
      if (--left > 0) continue;
      drops++;
      dropped.abort();
    }
  }
  const run = async () => {
    while (!stopped.signal.aborted) await followOnce();
  };
  const running = run();
  return {
    seen,
    isLive: () => live,
    drops: () => drops,
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

function describeBehind(subscribers: readonly Subscriber[]): string {
  const behind = subscribers.filter(({ seen }) => seen.length < messages + 1);
  return behind.length === 0 ? "" : `${behind.length} subscribers have ${behind.map(({ seen }) => seen.length).join()}`;
}
