import { toBinary } from "@bufbuild/protobuf";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { Finding, Replica } from "../evidence.ts";
import type { ConversationLog } from "./conversation-log.ts";

/** Every server holds the same records, each beginning where the one before ended, under epochs that rise by one. */
export function checkReplicas(replicas: readonly Replica[]): Finding[] {
  const [first, ...others] = replicas;
  if (!first) return [{ promise: "P1", kind: "lost", what: "no server of the log could be read" }];
  return [
    ...first.shards.flatMap((records, shard) => checkPositions(records, shard)),
    ...others.flatMap((other) => first.shards.flatMap((records, shard) => checkCopy(first, other, records, shard))),
  ];
}

function checkPositions(records: readonly LogRecord[], shard: number): Finding[] {
  return records.slice(1).flatMap((record, n) => {
    const before = records[n];
    if (!before) return [];
    const next = Number(before.position) + before.entries.length;
    const epoch = Number(before.epoch) + (record.owner ? 1 : 0);
    const at = `shard ${shard}: position ${record.position} of epoch ${record.epoch}`;
    if (Number(record.position) === next && Number(record.epoch) === epoch) return [];
    return [{ promise: "P4", kind: "reordered", what: `${at} where ${next} of ${epoch} belongs` }] as const;
  });
}

function checkCopy(one: Replica, other: Replica, records: readonly LogRecord[], shard: number): Finding[] {
  const copies = other.shards[shard] ?? [];
  const findings: Finding[] = [];
  for (let n = 0; n < Math.max(records.length, copies.length); n++) {
    const [record, copy] = [records[n], copies[n]];
    if (record && copy && Buffer.compare(bytesOf(record), bytesOf(copy)) === 0) continue;
    const what = `shard ${shard}: record ${n + 1} of the round is another on ${other.name} than on ${one.name}`;
    findings.push({ promise: record && copy ? "P4" : "P1", kind: record && copy ? "reordered" : "lost", what });
  }
  return findings;
}

function bytesOf(record: LogRecord): Uint8Array {
  return toBinary(RecordSchema, record);
}

/** Numbers rise by one from 1, in the order of the log. */
export function checkNumbers({ conversationId, entries }: ConversationLog): Finding[] {
  return entries.flatMap(({ event }, n) => {
    if (Number(event.seq) === n + 1) return [];
    return [
      { promise: "P4", kind: "reordered", what: `${conversationId}: ${event.seq} where ${n + 1} belongs` },
    ] as const;
  });
}
