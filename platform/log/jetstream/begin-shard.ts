import { toBinary } from "@bufbuild/protobuf";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { NatsEngine } from "#platform/engines/nats.ts";
import type { AppendResult } from "../event-log.ts";
import { ShardStream } from "./shard-stream.ts";

const appendMs = 3_000;

/**
 * Makes a record the first of a shard that is empty, at whatever position: what came before it was trimmed where the log
 * was until now. Rejects with AppendUnknown where it is not known what became of it.
 */
export function beginShard(engine: NatsEngine, shard: number, record: LogRecord): Promise<AppendResult> {
  return new ShardStream(engine, shard, appendMs).publish(0, toBinary(RecordSchema, record));
}
