import { setTimeout as wait } from "node:timers/promises";
import type { PackedEntry, PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import { lastPosition } from "./event-log.ts";
import type { FollowedEntry } from "./following.ts";
import type { FollowingOptions } from "./following-options.ts";
import { LoggedEntry } from "./logged-entry.ts";
import { packed } from "./packed-record.ts";
import { ShardRing } from "./ring.ts";
import type { RingBudget } from "./ring-budget.ts";
import { encodeEvent, entryHoldsContentOf, tombstoneOf } from "./tombstones.ts";

/** Positions below the watermark that the ring begins with, so that streams resume without I/O after a restart. */
const warmPositions = 2000;
/** How often, and how long apart, the log is asked for a tail that can't be true before the log is taken for lost. */
const tailAsks = 4;
const tailAskMs = 300;
/** How long it is asked where there is no answer: servers that elect a leader have none. */
const tailPatienceMs = 60_000;
/** Without a record or a hint for this long the tail is asked for. */
export const silenceMs = 3000;

/** One shard as this process follows it: checks the order of its records, keeps its ring, wakes who waits. */
export class FollowedShard {
  readonly ring: ShardRing<LoggedEntry>;
  tail: number;
  epoch = 0;
  incarnation = 1;
  stopped: string | undefined;
  watermark: number;
  /** Entries above the watermark, and the bytes of their events. */
  readonly behind = { entries: 0, bytes: 0 };
  readonly #shard: number;
  readonly #options: FollowingOptions;
  readonly #listeners: ReadonlySet<(entry: FollowedEntry) => void>;
  readonly #budget: RingBudget;
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<{ position: number; done: () => void }>();
  #heardAt = performance.now();
  #repairing = false;
  #asking = false;
  #first = true;

  constructor(
    shard: number,
    watermark: number,
    options: FollowingOptions,
    listeners: ReadonlySet<(entry: FollowedEntry) => void>,
    budget: RingBudget,
    signal: AbortSignal,
  ) {
    this.#shard = shard;
    this.#options = options;
    this.#listeners = listeners;
    this.#budget = budget;
    this.#signal = signal;
    this.watermark = watermark;
    this.tail = Math.max(0, watermark - warmPositions);
    this.ring = new ShardRing<LoggedEntry>(this.tail + 1);
  }

  async begin(): Promise<void> {
    const follower = {
      onRecord: (record: PackedRecord) => this.#onRecord(record),
      onTail: (tail: number) => this.#onTail(tail),
    };
    const tail = await this.#tailFrom(this.watermark);
    if (tail < this.watermark) this.stop(`the log ends at ${tail}, but the store has applied ${this.watermark}`);
    this.#options.log.follow(this.#shard, this.tail + 1, follower, this.#signal);
    await this.reached(tail, Number.POSITIVE_INFINITY, this.#signal);
  }

  /** A server that stood still may name an old tail for a moment: one below what was there is not believed at once. */
  async #tailFrom(least: number): Promise<number> {
    const until = performance.now() + tailPatienceMs;
    for (let told = 0; ; ) {
      try {
        const tail = await this.#options.log.tail(this.#shard);
        if (tail >= least || ++told === tailAsks) return tail;
      } catch (error) {
        if (performance.now() > until || this.#signal.aborted) throw error;
      }
      await wait(tailAskMs);
    }
  }

  reached(position: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.tail >= position) return Promise.resolve(true);
    if (signal?.aborted || this.#signal.aborted || this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (reached: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
        this.#signal.removeEventListener("abort", giveUp);
        this.#waiting.delete(waiter);
        resolve(reached);
      };
      const giveUp = () => end(this.tail >= position);
      const waiter = { position, done: giveUp };
      const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, timeoutMs).unref();
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiter);
    });
  }

  projected(position: number): void {
    const since = this.watermark;
    this.watermark = Math.max(since, position);
    for (const entry of this.ring.above(since, position - since) ?? []) {
      if (entry.position > position) return;
      this.#countBehind(-1, -entry.bytes.length);
      entry.settle();
    }
  }

  #countBehind(entries: number, bytes: number): void {
    this.behind.entries += entries;
    this.behind.bytes += bytes;
  }

  async askIfSilent(): Promise<void> {
    if (this.#asking || performance.now() - this.#heardAt < silenceMs) return;
    this.#asking = true;
    const followed = this.tail;
    const tail = await this.#tailFrom(followed).catch(() => undefined);
    this.#asking = false;
    this.#heardAt = performance.now();
    if (tail === undefined || this.stopped || this.#signal.aborted) return;
    if (tail < followed) this.stop(`the log ends at ${tail}, but was followed to ${followed}: it was rolled back`);
    else this.#onTail(tail);
  }

  #onTail(tail: number): void {
    this.#heardAt = performance.now();
    if (tail > this.tail) void this.#repair();
  }

  #onRecord(record: PackedRecord, wasRead = false): void {
    this.#heardAt = performance.now();
    if (this.stopped || this.#signal.aborted || lastPosition(record) <= this.tail) return;
    try {
      this.#take(record, wasRead);
    } catch (error) {
      this.stop(`position ${this.tail + 1} can't be read: ${String(error)}`);
    }
  }

  #take(record: PackedRecord, wasRead: boolean): void {
    const position = Number(record.position);
    if (this.#first) this.#acceptFirst(record, wasRead);
    else if (position === this.tail + 1) this.#accept(record);
    else if (position > this.tail + 1) void this.#repair();
    else this.stop(`position ${position} overlaps ${this.tail}`);
  }

  /** The first record may begin before the position asked for, or after it where the log was trimmed: reading tells. */
  #acceptFirst(record: PackedRecord, wasRead: boolean): void {
    const position = Number(record.position);
    if (position > this.watermark + 1) {
      if (!wasRead) {
        void this.#repair();
        return;
      }
      this.stop(`positions ${this.watermark + 1} to ${position - 1} are gone`);
      return;
    }
    if (position > this.tail + 1) {
      this.tail = position - 1;
      this.ring.start = position;
    }
    this.#accept(record);
  }

  /** Reads what was not shown, from the first missing position to the tail. */
  async #repair(): Promise<void> {
    if (this.#repairing) return;
    this.#repairing = true;
    try {
      for (;;) {
        const records = await this.#options.log.read(this.#shard, this.tail + 1);
        if (records.length === 0 || this.stopped || this.#signal.aborted) return;
        const [first] = records;
        if (!this.#first && first && Number(first.position) > this.tail + 1) {
          this.stop(`positions ${this.tail + 1} to ${Number(first.position) - 1} are missing`);
          return;
        }
        for (const record of records) this.#onRecord(packed(record), true);
      }
    } catch (error) {
      this.#options.logger.warn({ error, shard: this.#shard }, "log can't be read");
    } finally {
      this.#repairing = false;
    }
  }

  #accept(record: PackedRecord): void {
    const epoch = Number(record.epoch);
    const expected = record.owner ? this.epoch + 1 : this.epoch;
    if (!this.#first && epoch !== expected) {
      this.stop(`epoch ${epoch} where ${expected} belongs`);
      return;
    }
    const incarnation = Number(record.incarnation);
    if (incarnation < this.incarnation) {
      this.stop(`incarnation ${incarnation} is past`);
      return;
    }
    if (incarnation > (this.#options.incarnation ?? incarnation)) {
      this.stop(`incarnation ${incarnation} of the log has begun since this process was started: start it again`);
      return;
    }
    this.#first = false;
    this.epoch = epoch;
    this.incarnation = incarnation;
    const before = this.ring.bytes;
    for (const [index, entry] of record.entries.entries()) this.#acceptEntry(Number(record.position) + index, entry);
    this.#budget.grew(this, this.ring.bytes - before);
    for (const waiter of [...this.#waiting]) if (waiter.position <= this.tail) waiter.done();
  }

  #acceptEntry(position: number, { event, header }: PackedEntry): void {
    if (position <= this.tail) return;
    const isEvent = header && event.length > 0;
    const entry = isEvent && new LoggedEntry(this.#placeOf(position), event, header);
    this.tail = position;
    if (!entry) return;
    this.ring.push(entry);
    if (position > this.watermark) this.#countBehind(1, event.length);
    if (entry.kind === "messageDeleted") this.#bury(entry);
    for (const listener of this.#listeners) listener(entry);
    if (position <= this.watermark) entry.settle();
  }

  #placeOf(position: number) {
    return { shard: this.#shard, position, incarnation: this.incarnation };
  }

  /** Once a message is deleted, its content and that of its edits is gone from the ring too. */
  #bury({ event, conversationId: id }: LoggedEntry): void {
    if (event.body.case !== "messageDeleted") return;
    const { targetSeq } = event.body.value;
    for (const entry of this.ring.ofConversation(id, 0)) {
      if (!entryHoldsContentOf(entry, targetSeq)) continue;
      const bytes = encodeEvent(tombstoneOf(entry.event, targetSeq));
      this.ring.replace(entry.with(bytes));
      if (entry.position > this.watermark) this.#countBehind(0, bytes.length - entry.bytes.length);
    }
  }

  stop(reason: string): void {
    this.stopped ??= reason;
    this.#options.logger.error(
      { shard: this.#shard, position: this.tail + 1, reason },
      "shard stopped: log is damaged",
    );
    for (const waiter of [...this.#waiting]) waiter.done();
  }
}
