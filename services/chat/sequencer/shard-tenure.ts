import type { LogRoom } from "./log-room.ts";
import type { SequencerOptions } from "./sequencer-options.ts";
import { Deposed, Outlived, type Ownership, takeOver } from "./take-over.ts";

/** How long letting go of a shard waits for commands whose outcome can't be settled. */
const loseGraceMs = 5_000;

/** What all shards of a process have in common. */
export interface Surroundings {
  readonly room: Pick<LogRoom, "isShort" | "ask">;
  /** Called where another process turns out to own the shard. */
  giveUp(shard: number): void;
}

/**
 * Whether one shard belongs to this process. It is held while its lease is, or until the log shows another owner; of
 * the time that it is held, it is owned while nothing is in doubt.
 */
export class ShardTenure {
  readonly #shard: number;
  readonly #options: SequencerOptions;
  readonly #surroundings: Surroundings;
  #isHeld = false;
  #ownership: Ownership | undefined;
  #ending = new AbortController();
  #taking = Promise.resolve();
  #isTaking = false;

  constructor(shard: number, options: SequencerOptions, surroundings: Surroundings) {
    this.#shard = shard;
    this.#options = options;
    this.#surroundings = surroundings;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get isOwned(): boolean {
    return this.#ownership !== undefined;
  }

  /** Resolves once the shard is taken over, or was lost before that. */
  get taken(): Promise<void> {
    return this.#taking;
  }

  /** The shard is to be owned here: takes it over. */
  gain(): void {
    this.#isHeld = true;
    this.#ending = new AbortController();
    this.#taking = this.#takeOver();
    void this.#surroundings.room.ask(this.#shard);
  }

  /** The shard is to be let go. `work` is what goes on with it; it is broken off where it does not end soon. */
  async lose(work: () => Promise<void> | undefined): Promise<void> {
    this.#isHeld = false;
    const end = () => this.#ending.abort(new Error("the shard is let go"));
    if (this.#isTaking) end();
    const grace = setTimeout(end, loseGraceMs);
    await this.#taking;
    await work();
    clearTimeout(grace);
    end();
    this.#ownership = undefined;
  }

  /** What may be appended on. What is followed may show a newer owner: then nothing is decided on a state that is past. */
  owned(): Ownership | undefined {
    const { following } = this.#options;
    if (this.#ownership && following.epoch(this.#shard) > this.#ownership.epoch) this.#depose();
    return following.stopped(this.#shard) ? undefined : this.#ownership;
  }

  /** A group is committed; resolves once it is followed. Where it never will be, nothing more can be decided here. */
  async appended({ tail, epoch }: Ownership, entries: number): Promise<void> {
    this.#ownership = { tail: tail + entries, epoch };
    if (!(await this.#followed(this.#ownership.tail))) this.#ownership = undefined;
  }

  /** After an unknown outcome or a wrong tail: owns the shard again, on what stands in the log. */
  async settle({ tail, epoch }: Ownership): Promise<void> {
    await this.#own(tail + 1, epoch, true);
  }

  async #takeOver(): Promise<void> {
    const { following, logger } = this.#options;
    if (following.stopped(this.#shard)) return;
    this.#isTaking = true;
    try {
      await this.#own(following.tail(this.#shard) + 1, following.epoch(this.#shard), false);
    } catch (error) {
      if (!this.#ending.signal.aborted) logger.error({ err: error, shard: this.#shard }, "shard can't be taken over");
    } finally {
      this.#isTaking = false;
    }
  }

  async #own(from: number, epoch: number, settling: boolean): Promise<void> {
    this.#ownership = undefined;
    const [shard, { signal }] = [this.#shard, this.#ending];
    try {
      const owned = await takeOver({ ...this.#options, shard, from, epoch, settling, signal });
      if (!(await this.#followed(owned.tail))) throw new Error("what stands in the log is not followed");
      this.#ownership = owned;
    } catch (error) {
      if (error instanceof Deposed) this.#depose();
      if (error instanceof Outlived) this.#options.following.stop(shard, error.message);
      throw error;
    }
  }

  #followed(tail: number): Promise<boolean> {
    return this.#options.following.reached(this.#shard, tail, Number.POSITIVE_INFINITY, this.#ending.signal);
  }

  #depose(): void {
    this.#options.logger.warn({ shard: this.#shard }, "deposed: another process owns the shard");
    this.#ownership = undefined;
    this.#isHeld = false;
    this.#surroundings.giveUp(this.#shard);
  }
}
