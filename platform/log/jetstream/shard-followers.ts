import { setTimeout as pause } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { type PackedRecord, PackedRecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { type LogFollower, lastPosition } from "../event-log.ts";
import type { ShardNames } from "./shard-names.ts";
import { sequenceOf } from "./shard-stream.ts";

/** How long a follower that is catching up waits after a read that failed. */
const retryMs = 500;

interface Following {
  readonly follower: LogFollower;
  readonly signal: AbortSignal;
  next: number;
  live: boolean;
}

export interface ShardFollowersOptions {
  readonly engine: NatsEngine;
  readonly names: ShardNames;
  /** Records from a position on. */
  readonly read: (position: number) => Promise<PackedRecord[]>;
  /** The record of these bytes, where it is at hand. */
  readonly known: (bytes: Uint8Array) => PackedRecord | undefined;
  /** Called for each record that came live. */
  readonly onLive: (sequence: number, record: PackedRecord) => void;
}

/**
 * Who follows one shard in this process. However many follow, there is one subscription to what the stream repeats and
 * one to the ticks, and none while nobody follows. What gets lost on the way is not looked for here.
 */
export class ShardFollowers {
  readonly #options: ShardFollowersOptions;
  readonly #followings = new Set<Following>();
  #subscriptions: Subscription[] = [];
  /** End of the last record that was shown. */
  #shown = 0;

  constructor(options: ShardFollowersOptions) {
    this.#options = options;
  }

  get isFollowed(): boolean {
    return this.#followings.size > 0;
  }

  follow(fromPosition: number, follower: LogFollower, signal: AbortSignal): void {
    if (signal.aborted) return;
    const following: Following = { follower, signal, next: fromPosition, live: false };
    this.#followings.add(following);
    if (this.#subscriptions.length === 0) this.#subscribe();
    signal.addEventListener("abort", () => this.#end(following), { once: true });
    void this.#catchUp(following);
  }

  /** Shows a record to all who have read up to it. */
  show(record: PackedRecord): void {
    this.#shown = Math.max(this.#shown, lastPosition(record));
    for (const following of this.#followings) if (following.live) this.#give(following, record);
  }

  tellTail(tail: number): void {
    for (const { follower } of this.#followings) follower.onTail(tail);
  }

  /** Forgets what was shown: the stream may be another one now. */
  forget(): void {
    this.#shown = 0;
  }

  close(): void {
    for (const following of this.#followings) this.#end(following);
  }

  #end(following: Following): void {
    this.#followings.delete(following);
    if (this.isFollowed) return;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
  }

  #subscribe(): void {
    const { engine, names, known, onLive } = this.#options;
    const onRecord = (error: Error | null, message: Msg) => {
      const record = error ? undefined : (known(message.data) ?? decoded(message.data));
      if (!record) return;
      onLive(sequenceOf(message), record);
      this.show(record);
    };
    const onTick = (error: Error | null, message: Msg) => {
      if (!error) this.tellTail(Number(message.string()));
    };
    this.#subscriptions = [
      engine.connection.subscribe(names.live, { callback: onRecord }),
      engine.connection.subscribe(names.tick, { callback: onTick }),
    ];
  }

  #give(following: Following, record: PackedRecord): void {
    const last = lastPosition(record);
    if (last < following.next || following.signal.aborted) return;
    following.next = last + 1;
    following.follower.onRecord(record);
  }

  /** Reads until nothing is left that was shown meanwhile; from then on records are shown as they come. */
  async #catchUp(following: Following): Promise<void> {
    while (this.#followings.has(following)) {
      const records = await this.#options.read(following.next).catch(() => undefined);
      for (const record of records ?? []) this.#give(following, record);
      if (!records) await pause(retryMs, undefined, { ref: false });
      else if (records.length === 0 && this.#shown < following.next) {
        following.live = true;
        return;
      }
    }
  }
}

/** What can't be decoded is as good as lost: it is read from the log, and reading tells why it can't be used. */
function decoded(bytes: Uint8Array): PackedRecord | undefined {
  try {
    return fromBinary(PackedRecordSchema, bytes);
  } catch {
    return undefined;
  }
}
