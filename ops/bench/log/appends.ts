import { create, toBinary } from "@bufbuild/protobuf";
import { pino } from "pino";
import { Registry } from "prom-client";
import { EntrySchema, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { type NatsEngine, openNats } from "../../../platform/engines/nats.ts";
import { parseNatsUrl } from "../../../platform/engines/nats-url.ts";
import { openJetStreamEventLog } from "../../../platform/log/event-log-jetstream.ts";
import { startNats } from "../../engines/nats.ts";
import type { Figure } from "../figure.ts";
import { inRounds } from "../wire/rounds.ts";
import { sideBySide } from "../wire/side-by-side.ts";
import { type Appender, createLogAppender } from "./appender.ts";
import { openBareStream, openBareStreams } from "./bare-streams.ts";

const groups = [50, 100];
const shardCounts = [1, 4];
const rounds = 3;
const roundMs = 2_000;

interface Sample {
  readonly eventsPerSecond: number;
  /** CPU of this process for each event, in microseconds. */
  readonly cpuMicros: number;
}

/** Durable groups on three servers that fsync before they acknowledge: Parley's log beside bare publishing. */
export async function measureAppends(): Promise<Figure[]> {
  const nats = await startNats(3);
  const options = { monitors: nats.monitors, logger: pino({ level: "silent" }) };
  const connect = (name: string) =>
    openNats({ ...parseNatsUrl(`${nats.url}/${name}?replicas=3&max_bytes=4GiB`), ...options, metrics: new Registry() });
  const engines = [await connect("quiet"), await connect("followed")] as const;
  try {
    const appenders = await openAppenders(engines);
    for (const appender of appenders) await appendFor(appender, 1, Math.max(...groups));
    const figures: Figure[] = [];
    for (const shards of shardCounts)
      for (const group of groups) figures.push(...(await compare(appenders, shards, group)));
    return figures;
  } finally {
    for (const engine of engines) await engine.close();
    await nats.stop();
  }
}

async function openAppenders([quiet, followed]: readonly [NatsEngine, NatsEngine]): Promise<Appender[]> {
  const shards = Math.max(...shardCounts);
  const heard = await openJetStreamEventLog({ engine: followed, shards });
  for (let shard = 0; shard < shards; shard++) {
    heard.follow(shard, 1, { onRecord: () => {}, onTail: () => {} }, new AbortController().signal);
  }
  return [
    await openBareStreams(quiet, shards),
    await openBareStream(quiet),
    createLogAppender("Parley's log, followed by who appends", heard),
    createLogAppender("Parley's log", await openJetStreamEventLog({ engine: quiet, shards })),
  ];
}

async function compare(appenders: readonly Appender[], shards: number, group: number): Promise<Figure[]> {
  const samples = await inRounds(appenders, rounds, (appender) => appendFor(appender, shards, group));
  const of = `groups of ${group}, ${shards === 1 ? "one shard" : `${shards} shards`}`;
  return [
    sideBySide({ name: of, unit: "events/s", samples, value: ({ eventsPerSecond }) => eventsPerSecond }),
    sideBySide({ name: `${of}, CPU of who appends`, unit: "µs/event", samples, value: ({ cpuMicros }) => cpuMicros }),
  ];
}

async function appendFor(appender: Appender, shards: number, group: number): Promise<Sample> {
  const entry = { event: new Uint8Array(180).fill(7), header: { userId: "u".repeat(36), clientId: "c".repeat(36) } };
  const entries = Array.from({ length: group }, () => create(EntrySchema, entry));
  const bytes = toBinary(RecordSchema, create(RecordSchema, { position: 1n, epoch: 1n, incarnation: 1n, entries }));
  await appender.append(0, bytes, entries);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let events = 0;
  const keepAppending = async (shard: number) => {
    for (; performance.now() - start < roundMs; events += group) await appender.append(shard, bytes, entries);
  };
  await Promise.all(Array.from({ length: shards }, (_, shard) => keepAppending(shard)));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { eventsPerSecond: events / seconds, cpuMicros: (user + system) / events };
}
