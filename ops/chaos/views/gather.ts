import { until } from "#platform/testing/until.ts";
import { isVisible, readConversation } from "../checks/conversation-log.ts";
import { Listener } from "../clients/listener.ts";
import { StreamModel } from "../clients/stream-model.ts";
import type { Device, Person } from "../clients/town.ts";
import type { Ways } from "../clients/ways.ts";
import type {
  AcknowledgedMark,
  Evidence,
  Finding,
  Operation,
  Outage,
  Reading,
  Replica,
  StoredConversation,
} from "../evidence.ts";
import type { Installation } from "../installation/installation.ts";
import { listAll } from "./listing.ts";
import type { Ends } from "./log-view.ts";
import { readCheckpoints, readStored } from "./store-view.ts";

export interface Gathering {
  readonly installation: Installation;
  readonly people: readonly Person[];
  readonly ways: Ways;
  readonly conversations: readonly string[];
  readonly operations: readonly Operation[];
  readonly marks: readonly AcknowledgedMark[];
  readonly outages: readonly Outage[];
  readonly noticed: readonly Finding[];
  readonly listeners: readonly Listener[];
  /** The token with which each returning device began. */
  readonly begun: ReadonlyMap<Device, string>;
  readonly since: Ends;
}

/** How long the store and the streams may take to come to the end of the log once all is well. */
const settleMs = 20_000;
const replayMs = 20_000;

/** Waits until all views have settled, as far as they do, and takes them. */
export async function gather(gathering: Gathering): Promise<Evidence> {
  const { installation, conversations, operations, marks, outages, listeners, since } = gathering;
  const noticed = [...gathering.noticed];
  const replicas = await installation.log.replicas(since);
  const [measure] = replicas;
  if (measure) noticed.push(...(await settled(gathering, measure)));
  const again = await replayed(gathering, noticed);
  await Promise.all(listeners.map((listener) => listener.stop()));
  const stored = await storedConversations(gathering);
  const findings = [...listeners, ...again].flatMap(({ model }) => model.findings);
  const readings: Reading[] = [...[...listeners, ...again].map((listener) => listener.reading())];
  for (const person of gathering.people) readings.push(await listAll(person, gathering));
  return { conversations, operations, marks, outages, replicas, stored, readings, noticed: [...noticed, ...findings] };
}

async function settled(gathering: Gathering, measure: Replica): Promise<Finding[]> {
  const findings: Finding[] = [];
  const note = (error: unknown) => {
    findings.push({ promise: "P9", kind: "lost", what: error instanceof Error ? error.message : String(error) });
  };
  await until(() => behindInStore(gathering, measure), settleMs).catch(note);
  // Who keeps leaving before a long absence is told would never come to the end.
  for (const listener of gathering.listeners) listener.stay();
  await until(() => behindOnStreams(gathering, measure), settleMs).catch(note);
  return findings;
}

async function behindInStore({ installation }: Gathering, measure: Replica): Promise<string> {
  const checkpoints = await readCheckpoints(installation.store);
  for (const [shard, records] of measure.shards.entries()) {
    // Records without events move no checkpoint.
    const last = records.findLast(({ owner }) => !owner);
    const end = last ? Number(last.position) + last.entries.length - 1 : 0;
    const position = checkpoints.get(shard) ?? 0;
    if (position < end) return `the store has come to ${position} of ${end} on shard ${shard}`;
  }
  return "";
}

function behindOnStreams({ conversations, listeners }: Gathering, measure: Replica): string {
  for (const id of conversations) {
    const log = readConversation(measure, id);
    for (const listener of listeners) {
      const { name, userId, events } = listener.reading();
      if (isVisible(log, userId, log.head) && !events.get(id)?.has(log.head)) {
        return `${name} has not come to ${log.head}, the end of ${id}`;
      }
    }
  }
  return "";
}

/** What a stream at each gateway tells of everything since the round began. */
async function replayed({ people, ways, begun }: Gathering, noticed: Finding[]): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (let way = 0; way < ways.count; way++) {
    for (const { handle, returning: device } of people) {
      const name = `${handle}, replayed by gateway ${way + 1}`;
      const model = new StreamModel(name, begun.get(device) ?? "");
      const only = { ...ways, count: 1, client: (service, _way) => ways.client(service, way) } satisfies Ways;
      const listener = new Listener({ name, kind: "replayed", device, ways: only, way: 0, model });
      const isDone = await Promise.race([listener.caughtUp().then(() => true), timeout(replayMs)]);
      if (!isDone) noticed.push({ promise: "P6", kind: "lost", what: `${name}: not caught up within ${replayMs} ms` });
      await listener.stop();
      listeners.push(listener);
    }
  }
  return listeners;
}

function timeout(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}

async function storedConversations({ installation, conversations, people }: Gathering) {
  const devices = people.map(({ writer }) => writer);
  const stored = new Map<string, StoredConversation>();
  for (const id of conversations) stored.set(id, await readStored(installation.store, id, devices));
  return stored;
}
