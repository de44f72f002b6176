import { until } from "#platform/testing/until.ts";
import { type Figure, percentile } from "../figure.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { send } from "../load/sending.ts";
import { openWire, type Wire } from "../load/wire.ts";
import type { Fleet } from "./fleet.ts";
import { type Listener, listen } from "./listener.ts";

/** Fewer by `RESUMING_STREAMS` in the environment. */
const streams = Number(process.env.RESUMING_STREAMS ?? 5_000);
const members = 10;
const connections = 25;
/** Groups in which something is said before the kill, and again after it. */
const saying = Math.min(250, streams / members);
const gatheredAtOnce = 16;
const waitMs = 120_000;
const goalMs = 10_000;

/** A gateway with 5,000 streams is killed while people write; all come back at another one at once. */
export async function measureResuming(fleet: Fleet): Promise<Figure[]> {
  const [dying, other] = fleet.gateways;
  if (!dying || !other) throw new Error("two gateways are needed");
  const wires: Wire[] = [];
  const listeners: Listener[] = [];
  const ends = new Map<string, number>();
  const note = (how: string) => void ends.set(how, (ends.get(how) ?? 0) + 1);
  /** Connections are made as they are needed: one on which nothing is asked is let go of. */
  const reach = (url: string, count: number) => {
    const wire = openWire(url, count);
    wires.push(wire);
    return wire;
  };
  try {
    const { people, say } = await setUp(fleet, reach(other.url, 1));
    let reached = reach(dying.url, connections);
    for (const person of people) listeners.push(listen(person, () => reached, note));
    await until(() => notLive(listeners, 0, ends), waitMs);
    await say();
    ends.clear();
    reached = reach(other.url, connections);
    const start = performance.now();
    await dying.kill();
    const cpuBefore = await cpuSeconds(fleet);
    const said = say();
    await until(() => notLive(listeners, start, ends), waitMs);
    const cpu = spentSince(cpuBefore, await cpuSeconds(fleet));
    const times = listeners.map(({ liveAt }) => liveAt() - start);
    await said;
    return figuresOf(times, await lostOf(listeners), refusalsIn(ends), cpu);
  } finally {
    for (const listener of listeners) listener.leave();
    for (const wire of wires) wire.close();
  }
}

/** People in groups; `say` posts a message in some of these, one after the other. */
async function setUp(fleet: Fleet, wire: Wire) {
  const people = await makePeople(fleet, wire, streams);
  const groups = Array.from({ length: streams / members }, (_, n) => people.slice(n * members, (n + 1) * members));
  const ids = await gatherAll(wire, groups);
  const say = async () => {
    for (let n = 0; n < saying; n++) await send(wire, groups[n]?.[0]?.token ?? "", ids[n] ?? "", 1);
  };
  return { people, say };
}

/** Messages that somebody was not told, once all had time to be. */
async function lostOf(listeners: readonly Listener[]): Promise<number> {
  const lost = () => listeners.slice(0, saying * members).reduce((sum, { seqs }) => sum + 2 - seqs.size, 0);
  await until(() => (lost() === 0 ? "" : "some messages are missing"), goalMs).catch(() => undefined);
  return lost();
}

function figuresOf(
  times: readonly number[],
  lost: number,
  refused: number,
  cpu: ReadonlyMap<string, number>,
): Figure[] {
  const name = `fleet: ${streams.toLocaleString("en")} streams resume after their gateway is killed`;
  return [
    { name: `${name}, p50`, unit: "ms", value: percentile(times, 0.5) },
    { name: `${name}, p99`, unit: "ms", value: percentile(times, 0.99), goal: { atMost: goalMs } },
    { name: `${name}, messages lost`, unit: "", value: lost, goal: { atMost: 0 } },
    { name: `${name}, refused and tried again`, unit: "", value: refused },
    ...[...cpu].map(([who, seconds]) => ({
      name: `${name}, CPU of one: ${who}`,
      unit: "µs",
      value: (seconds / streams) * 1e6,
    })),
  ];
}

async function gatherAll(wire: Wire, groups: readonly (readonly Person[])[]): Promise<string[]> {
  const ids: string[] = [];
  const next = groups.entries();
  const gatherMore = async () => {
    for (const [n, group] of next) ids[n] = await gather(wire, group);
  };
  await Promise.all(Array.from({ length: gatheredAtOnce }, gatherMore));
  return ids;
}

/** Seconds of CPU so far, by process; this one has the clients. */
async function cpuSeconds(fleet: Fleet): Promise<Map<string, number>> {
  const { user, system } = process.cpuUsage();
  return (await fleet.cpuSeconds()).set("the clients", (user + system) / 1e6);
}

function spentSince(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...after].map(([who, seconds]) => [who, seconds - (before.get(who) ?? 0)]));
}

function notLive(listeners: readonly Listener[], since: number, ends: ReadonlyMap<string, number>): string {
  const waiting = listeners.filter(({ liveAt }) => liveAt() <= since).length;
  return waiting === 0 ? "" : `${waiting} streams are not live; ended: ${describe(ends)}`;
}

/** Streams that the server ended; those that were cut off told nothing. */
function refusalsIn(ends: ReadonlyMap<string, number>): number {
  return [...ends].reduce((sum, [how, times]) => (how === "" ? sum : sum + times), 0);
}

function describe(ends: ReadonlyMap<string, number>): string {
  return [...ends].map(([how, times]) => `${times} × ${how || "cut off"}`).join(", ") || "none";
}
