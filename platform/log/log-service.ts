import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { FollowResponseSchema, LogService } from "#gen/parley/log/v1/log_pb.js";
import type { PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "./event-log.ts";
import type { Following } from "./following.ts";

/** Most bytes that wait for one follower; what is beyond is not shown, and read by it. */
export const maxWaitingBytes = 16 * 1024 * 1024;

export interface LogServiceOptions {
  readonly log: EventLog;
  readonly following: Pick<Following, "shards" | "watermark">;
  readonly installationId: string;
  readonly incarnation: number;
  /** Ends who follows, once this process stops. */
  readonly stopping: AbortSignal;
}

/** Lets other processes of the installation read and follow the log that this one holds. */
export function logService({
  log,
  following,
  installationId,
  incarnation,
  stopping,
}: LogServiceOptions): ServiceImpl<typeof LogService> {
  return {
    async getTail({ shard }) {
      return { tail: BigInt(await log.tail(shard)) };
    },
    async read({ shard, position, maxBytes }) {
      const limit = maxBytes === undefined ? [] : [Number(maxBytes)];
      return { records: await log.read(shard, Number(position), ...limit) };
    },
    async *follow({ shard, position }, context) {
      const signal = AbortSignal.any([context.signal, stopping]);
      const waiting = new Waiting();
      log.follow(shard, Number(position), waiting, signal);
      signal.addEventListener("abort", () => waiting.onTail(0), { once: true });
      while (!signal.aborted) yield* await waiting.take();
    },
    async getWatermarks() {
      const positions = Array.from({ length: following.shards }, (_, shard) => BigInt(following.watermark(shard)));
      return { positions, installationId, incarnation };
    },
  };
}

type Told = MessageInitShape<typeof FollowResponseSchema>;

/** What an entry takes beside its event. */
const entryBytes = 200;

/** What a follower has not been told yet. */
class Waiting {
  #told: Told[] = [];
  #bytes = 0;
  #wake = () => {};

  onRecord(record: PackedRecord): void {
    if (this.#bytes > maxWaitingBytes) return;
    for (const { event } of record.entries) this.#bytes += event.length + entryBytes;
    this.#push({ told: { case: "record", value: record } });
  }

  onTail(tail: number): void {
    // Only the latest matters: one comes every second, also to who does not read.
    if (this.#told.at(-1)?.told?.case === "tail") this.#told.pop();
    this.#push({ told: { case: "tail", value: BigInt(tail) } });
  }

  /** All that waits, once something does. */
  async take(): Promise<Told[]> {
    if (this.#told.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const told = this.#told;
    this.#told = [];
    this.#bytes = 0;
    return told;
  }

  #push(told: Told): void {
    this.#told.push(told);
    this.#wake();
  }
}
