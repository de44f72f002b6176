import { fromBinary } from "@bufbuild/protobuf";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { until } from "#platform/testing/until.ts";
import type { Replica } from "../evidence.ts";
import { holderOf } from "./holder.ts";

/** Requests that are under way at once. */
const readsAtOnce = 64;
const electionMs = 15_000;
const requestMs = 5_000;

/** Where each shard's stream ends. */
export type Ends = readonly number[];

/** The log as its servers hold it. */
export interface LogView {
  ends(): Promise<Ends>;
  /** What stands behind `since`, as each server has it: each is made the leader in turn, and answers for itself. */
  replicas(since: Ends): Promise<Replica[]>;
  /** The server that leads most shards. */
  leader(): Promise<string>;
  /** Address of the process that holds a shard in a group of leases. */
  holderOf(group: string, shard: number): Promise<string>;
  /** Has all leaders step down. */
  stepDown(): Promise<void>;
  /** Removes all streams of the installation: each reserves room. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

export async function openLogView(servers: readonly string[], name: string, shards: number): Promise<LogView> {
  const connection = await connect({ servers: [...servers], maxReconnectAttempts: -1, reconnectTimeWait: 200 });
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestMs });
  const streams = Array.from({ length: shards }, (_, shard) => `${name}-log-${shard}`);
  const endOf = async (stream: string) => (await manager.streams.info(stream)).state.last_seq;
  return {
    ends: () => Promise.all(streams.map(endOf)),
    async replicas(since) {
      const { cluster } = await manager.streams.info(streams[0] ?? "");
      const names = cluster?.leader ? [cluster.leader, ...(cluster.replicas ?? []).map((peer) => peer.name)] : [""];
      const replicas: Replica[] = [];
      for (const server of names.sort()) {
        const read = async (stream: string, shard: number) => {
          if (names.length > 1) await makeLeader(connection, manager, stream, server);
          return await readFrom(manager, stream, (since[shard] ?? 0) + 1, await endOf(stream));
        };
        replicas.push({ name: server || "the only server", shards: await Promise.all(streams.map(read)) });
      }
      return replicas;
    },
    async leader() {
      const infos = await Promise.all(streams.map((stream) => manager.streams.info(stream)));
      const led = [...Map.groupBy(infos, ({ cluster }) => cluster?.leader ?? "")];
      return led.sort(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? "";
    },
    holderOf: (group, shard) => holderOf(connection, name, group, shard),
    async stepDown() {
      const steps = streams.map((stream) => connection.request(stepDownOf(stream), "", { timeout: 1_000 }));
      await Promise.allSettled(steps);
    },
    async remove() {
      const owned = [`${name}-`, `KV_${name}_`];
      for await (const { config } of manager.streams.list()) {
        if (owned.some((prefix) => config.name.startsWith(prefix))) await manager.streams.delete(config.name);
      }
    },
    close: () => connection.close(),
  };
}

function stepDownOf(stream: string): string {
  return `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`;
}

async function makeLeader(connection: NatsConnection, manager: JetStreamManager, stream: string, server: string) {
  const request = JSON.stringify({ placement: { preferred: server } });
  await until(async () => {
    const leader = await manager.streams.info(stream).then(
      (info) => info.cluster?.leader,
      () => undefined,
    );
    if (leader === server) return "";
    await connection.request(stepDownOf(stream), request, { timeout: 1_000 }).catch(() => {});
    return `${stream} is led by ${leader ?? "nobody"} instead of ${server}`;
  }, electionMs);
}

async function readFrom(manager: JetStreamManager, stream: string, first: number, last: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let from = first; from <= last; from += readsAtOnce) {
    const count = Math.min(readsAtOnce, last - from + 1);
    const reads = Array.from({ length: count }, (_, n) => manager.streams.getMessage(stream, { seq: from + n }));
    for (const message of await Promise.all(reads)) if (message) records.push(fromBinary(RecordSchema, message.data));
  }
  return records;
}
