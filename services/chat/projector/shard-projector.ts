import { projectorName } from "../stores/projection-store.ts";
import { entryHash } from "./entry-hash.ts";
import { Projection } from "./projection.ts";
import type { ProjectorOptions } from "./projector.ts";
import type { Stretch } from "./stretch.ts";
import { writeAgain } from "./write-again.ts";
import { WrittenViews } from "./written-views.ts";

/** Most entries that one write to the store covers. */
const maxEntries = 512;
/**
 * How long entries gather before they are written, unless there are enough for a write: those of one conversation share
 * its row, and all share a checkpoint. Reads never wait for it.
 */
const gatherMs = 500;
/** How long to wait after a failed write before the same stretch is tried again. */
const retryMs = 500;
/** Bytes of views that are kept of either kind, conversations and memberships, by all shards of a process together. */
const keptBytes = 32 * 1024 * 1024;
/** How long letting go of a shard writes on: what is left then is written by who comes next. */
const loseGraceMs = 5_000;

/** Projects one shard while its lease is held here. */
export class ShardProjector {
  failure: string | undefined;
  readonly #shard: number;
  readonly #options: ProjectorOptions;
  readonly #written: WrittenViews;
  #running: Promise<void> | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #isHeld = false;
  /** How often there was reason to look at the store anew, and up to which of them that was done. */
  #reasons = 0;
  #caughtUp = 0;
  #endsAt = Number.POSITIVE_INFINITY;

  constructor(shard: number, options: ProjectorOptions) {
    this.#shard = shard;
    this.#options = options;
    this.#written = new WrittenViews(Math.floor(keptBytes / options.following.shards));
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Goes on from the checkpoint that stands in the store. */
  gain(): void {
    this.#isHeld = true;
    this.#reasons++;
    this.#endsAt = Number.POSITIVE_INFINITY;
    this.#runAfter(0);
  }

  /** Entries were followed: they are written soon. */
  wake(): void {
    if (this.#running || !this.#isHeld) return;
    const { entries } = this.#options.following.behind(this.#shard);
    if (!this.#waiting) this.#runAfter(entries < maxEntries ? gatherMs : 0);
    else if (entries === maxEntries && !this.failure) this.#runAfter(0);
  }

  /** The store may have lost what it acknowledged last. */
  distrust(): void {
    this.#reasons++;
    this.wake();
  }

  /** Writes what was followed, then ends. */
  async lose(): Promise<void> {
    this.#isHeld = false;
    this.#endsAt = performance.now() + loseGraceMs;
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    await this.#running;
    await this.#run();
    this.failure = undefined;
  }

  #runAfter(ms: number): void {
    const run = () => {
      this.#waiting = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (!this.#isHeld) return;
        if (this.failure) this.#runAfter(retryMs);
        else if (this.#pending().entries.length > 0 || this.#caughtUp < this.#reasons) this.wake();
      });
    };
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(run, ms).unref();
  }

  /** Nothing of a shard that is stopped: what was followed of it may be of another past than the store's. */
  #pending(): Stretch {
    const { following } = this.#options;
    const after = following.watermark(this.#shard);
    const isOver = performance.now() >= this.#endsAt || following.stopped(this.#shard);
    return { after, entries: isOver ? [] : (following.above(this.#shard, after, maxEntries) ?? []) };
  }

  async #run(): Promise<void> {
    try {
      // What came during a write gathers for the next one, unless the write was full, or is the last one here.
      for (let isFull = true; isFull || !this.#isHeld; ) {
        const stretch = await this.#next();
        if (stretch.entries.length === 0) break;
        await this.#watched(stretch);
        isFull = stretch.entries.length === maxEntries;
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = `shard ${this.#shard} can't be projected`;
      this.#options.logger.error({ err: error, shard: this.#shard }, "projector failed");
    }
  }

  /** What is written next. What the store may have lost comes first, even while there is always more to write. */
  async #next(): Promise<Stretch> {
    await this.#catchUp();
    return this.#pending();
  }

  /** Another process may have written since this one asked last, and the store may have lost some of it. */
  async #catchUp(): Promise<void> {
    const { checkpoints, following, log, projection } = this.#options;
    const reasons = this.#reasons;
    if (this.#caughtUp === reasons) return;
    this.#written.clear();
    const checkpoint = await checkpoints.read(projectorName, this.#shard);
    if (checkpoint) following.projected(this.#shard, checkpoint.position);
    await writeAgain({
      shard: this.#shard,
      ...{ log, following, projection },
      write: (stretch) => this.#write(stretch),
      holds: () => performance.now() < this.#endsAt && !following.stopped(this.#shard),
    });
    this.#caughtUp = reasons;
  }

  async #watched(stretch: Stretch): Promise<void> {
    const { watch } = this.#options;
    if (watch) await watch(this.#shard, stretch.entries, () => this.#project(stretch));
    else await this.#project(stretch);
  }

  async #project(stretch: Stretch): Promise<void> {
    await this.#write(stretch);
    const last = stretch.entries.at(-1);
    if (last) this.#options.following.projected(this.#shard, last.position);
  }

  async #write({ after, entries }: Stretch): Promise<void> {
    const { conversations, history, projection } = this.#options;
    this.#written.goOnAfter(after);
    const [folded, reasons] = [new Projection({ conversations, history }, this.#written), this.#reasons];
    await folded.prepare(entries);
    for (const entry of entries) await folded.apply(entry);
    const last = entries.at(-1);
    if (!last) return;
    const { position, incarnation } = last;
    const rows = folded.rows();
    await projection.apply(this.#shard, rows, { position, incarnation, entryHash: entryHash(last) });
    if (this.#reasons === reasons) this.#written.wrote(rows, position);
  }
}
