import { create } from "@bufbuild/protobuf";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "../../../platform/log/event-log.ts";
import type { Contender } from "../wire/rounds.ts";

/** Someone who makes groups durable, one at a time in each shard. */
export interface Appender extends Contender {
  append(shard: number, bytes: Uint8Array, entries: LogRecord["entries"]): Promise<void>;
}

/** Parley's log. */
export function createLogAppender(name: string, log: EventLog): Appender {
  const tails = new Map<number, number>();
  return {
    name,
    async append(shard, _, entries) {
      const tail = tails.get(shard) ?? (await log.tail(shard));
      const record = create(RecordSchema, { position: BigInt(tail + 1), epoch: 1n, incarnation: 1n, entries });
      const result = await log.append(shard, tail, record);
      if (result !== "appended") throw new Error(`the log says ${result}`);
      tails.set(shard, tail + entries.length);
    },
  };
}
