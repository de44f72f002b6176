import type { Figure } from "../figure.ts";
import { collectGarbage, inspectable } from "../load/garbage.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { type Measured, type MeasuredServer, startMeasuredGateway, startMeasuredServer } from "../load/process.ts";
import { pause } from "../load/rates.ts";
import { openWire } from "../load/wire.ts";
import { cpuOf } from "./cpu.ts";
import { type ListenerProcesses, startListeners } from "./listener-processes.ts";
import { type Order, refuseLosses } from "./orders.ts";
import { sendToAll } from "./spreading.ts";

/** How large the crowd is, and who holds it. Smaller ones by `CROWD_…` in the environment. */
const { CROWD_STREAMS = "100000", CROWD_STREAMS_EACH = "4", CROWD_GATEWAYS = "0,4" } = process.env;
const size = Number(CROWD_STREAMS);
const streamsEach = Number(CROWD_STREAMS_EACH);
/** 0: the core holds the streams itself. */
const gatewayCounts = CROWD_GATEWAYS.split(",").map(Number);

const listenerProcesses = 2;
const perConnection = 500;
/** Streams that each process of listeners opens at a time. */
const atOnce = 64;
/** How long idle CPU is measured: heartbeats fall due and sessions are asked for several times. */
const idleMs = 20_000;

const env = { ...inspectable, PARLEY_ACCESS_TTL_SECONDS: "3600" };

/** What it takes to hold a crowd of subscribers, and how fast a message of a channel reaches all of them. */
export async function measureCrowd(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const gateways of gatewayCounts) figures.push(...(await measureHeldBy(gateways)));
  return figures;
}

async function measureHeldBy(gatewayCount: number): Promise<Figure[]> {
  const core = await startMeasuredServer(env);
  const gateways: Measured[] = [];
  const listeners = startListeners(listenerProcesses);
  const who = gatewayCount === 0 ? "the core" : `${gatewayCount} gateways`;
  const named = (figures: readonly Figure[]) =>
    figures.map((figure) => ({ ...figure, name: `${size.toLocaleString("en")} streams on ${who}: ${figure.name}` }));
  try {
    const { people, conversationId, figures: ofSetUp } = await setUp(core, size / streamsEach);
    for (let n = 0; n < gatewayCount; n++) gateways.push(await startMeasuredGateway(core, env));
    const holders = gateways.length > 0 ? gateways : [core];
    const processes = [core, ...gateways];
    const { idleCpu, figures: ofHolding } = await fill(holders, processes, listeners, people);
    const crowd = { core, processes, listeners, size, idleCpu };
    const ofSending = await sendToAll(crowd, people[0]?.token ?? "", conversationId);
    return named([...ofSetUp, ...ofHolding, ...ofSending]);
  } finally {
    await listeners.stop();
    for (const gateway of gateways) await gateway.stop();
    await core.stop();
  }
}

async function setUp(core: MeasuredServer, count: number) {
  const wire = openWire(core.url);
  try {
    const start = performance.now();
    const people = await makePeople(core, wire, count);
    const signedIn = performance.now();
    const conversationId = await gather(wire, people);
    const gathered = performance.now();
    const rate = (from: number, to: number) => (count * 1000) / (to - from);
    const figures = [
      { name: "accounts made and signed in", unit: "/s", value: rate(start, signedIn) },
      { name: "members added", unit: "/s", value: rate(signedIn, gathered) },
    ];
    return { people, conversationId, figures };
  } finally {
    wire.close();
  }
}

/** Opens all streams; measures what they take. */
async function fill(
  holders: readonly Measured[],
  processes: readonly Measured[],
  listeners: ListenerProcesses,
  people: readonly Person[],
): Promise<{ readonly idleCpu: number; readonly figures: readonly Figure[] }> {
  const memoryBefore = await residentOf(holders);
  const cpuBefore = await cpuOf(processes);
  const start = performance.now();
  const reports = await listeners.order(ordersFor(holders, people));
  const seconds = (performance.now() - start) / 1000;
  const cpu = (await cpuOf(processes)) - cpuBefore;
  refuseLosses(reports);
  const refusals = reports.reduce((sum, { refused }) => sum + refused, 0);
  const resident = await residentOf(holders);
  const residentOfAll = await residentOf(processes);
  const idleFrom = await cpuOf(processes);
  const idleStart = performance.now();
  await pause(idleMs);
  const idleCpu = ((await cpuOf(processes)) - idleFrom) / ((performance.now() - idleStart) / 1000);
  const figures = [
    { name: "streams refused at first", unit: "", value: refusals },
    { name: "streams opened", unit: "/s", value: size / seconds },
    { name: "CPU of opening one, all processes", unit: "µs", value: (cpu / size) * 1e6 },
    { name: "resident memory of each process that holds them", unit: "MB", value: resident / holders.length / 1e6 },
    { name: "resident memory of all processes of the server", unit: "MB", value: residentOfAll / 1e6 },
    { name: "memory of a stream", unit: "KB", value: (resident - memoryBefore) / size / 1000 },
    { name: "CPU while nothing is said, all processes", unit: "% of a core", value: idleCpu * 100 },
  ];
  return { idleCpu, figures };
}

/** Each process of listeners has its share of the people at each holder; everybody comes once before anybody comes again. */
function ordersFor(holders: readonly Measured[], people: readonly Person[]): Order[] {
  return Array.from({ length: listenerProcesses }, (_, n): Order => {
    const share = sliceOf(people, n, listenerProcesses);
    const parts = holders.map(({ url }, m) => {
      const tokens = sliceOf(share, m, holders.length).map(({ token }) => token);
      return { url, tokens: Array<string[]>(streamsEach).fill(tokens).flat() };
    });
    return { kind: "open", parts, perConnection, atOnce };
  });
}

function sliceOf<Item>(items: readonly Item[], part: number, parts: number): Item[] {
  const at = (n: number) => Math.round((items.length * n) / parts);
  return items.slice(at(part), at(part + 1));
}

/** What is resident of all once garbage is collected. */
async function residentOf(processes: readonly Measured[]): Promise<number> {
  let sum = 0;
  for (const measured of processes) {
    await collectGarbage(measured);
    sum += await measured.residentBytes();
  }
  return sum;
}
