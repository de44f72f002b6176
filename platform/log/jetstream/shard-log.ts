import { setTimeout as pause } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type Record as LogRecord,
  type PackedRecord,
  PackedRecordSchema,
  RecordSchema,
} from "#gen/parley/log/v1/record_pb.js";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { type AppendResult, AppendUnknown, type LogFollower, lastPosition } from "../event-log.ts";
import { Positions } from "./positions.ts";
import { ShardFollowers } from "./shard-followers.ts";
import { ShardReader } from "./shard-reader.ts";
import { ShardStream } from "./shard-stream.ts";

const followReadBytes = 4 * 1024 * 1024;
/** How long a leader that most copies answer is waited for. */
const leaderMs = 5_000;
const retryMs = 500;

/** One shard: appends, and tells all who follow it, in this process and in others. */
export class ShardLog {
  readonly stream: ShardStream;
  readonly positions: Positions;
  readonly reader: ShardReader;
  readonly #engine: NatsEngine;
  readonly #followers: ShardFollowers;
  /** The record that this process is appending, or appended last. */
  #own: { readonly bytes: Uint8Array; readonly record: PackedRecord } | undefined;
  /** The tail that this process left, while no other process is known to append. */
  #left: number | undefined;

  constructor(engine: NatsEngine, shard: number, appendMs: number) {
    this.#engine = engine;
    this.stream = new ShardStream(engine, shard, appendMs);
    this.positions = new Positions(this.stream);
    this.reader = new ShardReader(this.stream, this.positions);
    this.#followers = new ShardFollowers({
      engine,
      names: this.stream.names,
      read: async (position) => (await this.reader.read(position, followReadBytes)).map(({ record }) => record),
      known: (bytes) => this.#recordOf(bytes),
      onLive: (sequence, record) => this.#onLive(sequence, record),
    });
  }

  async append(expectedTail: number, bytes: Uint8Array): Promise<AppendResult> {
    const expected = await this.positions.endingAt(expectedTail).catch((cause) => {
      throw new AppendUnknown("the tail can't be read", { cause });
    });
    if (expected === undefined) return "wrong-tail";
    const record = fromBinary(PackedRecordSchema, bytes);
    this.#own = { bytes, record };
    this.#left = undefined;
    const result = await this.stream.publish(expected, bytes);
    if (result === "wrong-tail") this.positions.forget();
    if (result !== "appended") return result;
    this.#left = lastPosition(record);
    this.positions.saw({ sequence: expected + 1, record });
    this.#followers.show(record);
    return result;
  }

  /** The tail, from a leader that is known to lead: what is told of a lost log stands on it. */
  async tail(): Promise<number> {
    for (const deadline = performance.now() + leaderMs; ; ) {
      const tail = await this.positions.tail();
      if (await this.stream.isLed()) return tail;
      if (performance.now() > deadline) throw new Error("most copies of the log do not answer their leader");
      await pause(retryMs, undefined, { ref: false });
    }
  }

  /** Records from the one that holds `position` on. */
  async read(position: number, maxBytes: number): Promise<LogRecord[]> {
    return (await this.reader.read(position, maxBytes)).map(({ bytes }) => fromBinary(RecordSchema, bytes));
  }

  follow(fromPosition: number, follower: LogFollower, signal: AbortSignal): void {
    this.#followers.follow(fromPosition, follower, signal);
  }

  /** Tells all who follow where the shard ends, if this process is who appends to it. */
  tick(): void {
    if (this.#left === undefined || this.#engine.notReady()) return;
    this.#engine.connection.publish(this.stream.names.tick, String(this.#left));
  }

  /** What was missed while there was no connection shows in the tail. The servers may have lost what they held. */
  reconnected(): void {
    this.positions.forget();
    this.reader.forget();
    this.#followers.forget();
    if (!this.#followers.isFollowed) return;
    this.positions.tail().then(
      (tail) => this.#followers.tellTail(tail),
      // Who hears nothing for 3 s asks again.
      () => {},
    );
  }

  close(): void {
    this.#left = undefined;
    this.#followers.close();
  }

  #recordOf(bytes: Uint8Array): PackedRecord | undefined {
    return this.#own && Buffer.compare(this.#own.bytes, bytes) === 0 ? this.#own.record : undefined;
  }

  #onLive(sequence: number, record: PackedRecord): void {
    this.positions.saw({ sequence, record });
    if (record !== this.#own?.record && lastPosition(record) > (this.#left ?? 0)) this.#left = undefined;
  }
}
