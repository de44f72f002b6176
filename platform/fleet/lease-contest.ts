import { leastBetweenMs } from "./attendance.ts";
import type { Beats } from "./beats.ts";
import { claimOn, competitorsFor, keysOfAll } from "./claims.ts";
import type { LeaseRecords } from "./lease-records.ts";
import type { Competition, LeasedWork } from "./leases.ts";
import { sharedOut } from "./shares.ts";

/** Own beats, some time apart, to wait for before anything is taken: by then all who run have been heard. */
const beatsBeforeTaking = 2;

export interface LeaseContestOptions {
  readonly group: string;
  readonly keys: number;
  readonly work: LeasedWork;
  readonly beats: Beats;
  readonly records: LeaseRecords;
}

/** What one process does to come to its share of a group, and to no more. It looks at each beat and each change. */
export class LeaseContest implements Competition {
  readonly #options: LeaseContestOptions;
  readonly #self: string;
  /** Revision under which each key is held. */
  readonly #held = new Map<number, number>();
  /** Keys that are being taken or given up. */
  readonly #moving = new Map<number, Promise<void>>();
  /** Keys of which the last write may have been done, or not. */
  readonly #doubtful = new Set<number>();
  readonly #unlisten: () => void;
  #beats = 0;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: LeaseContestOptions) {
    this.#options = options;
    this.#self = options.beats.self;
    this.#unlisten = options.beats.listen((news) => {
      if (news === "own beat") this.#countBeat();
      this.#look();
    });
    this.#tell();
  }

  shared(): number {
    const { beats, group, keys } = this.#options;
    return Math.min(keys, keysOfAll(beats, group));
  }

  giveUp(key: number): void {
    if (!this.#held.has(key) || this.#moving.has(key)) return;
    void this.#move(key, this.#lose(key)).then(() => this.#look());
  }

  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#unlisten();
      this.#tell();
    }
    await Promise.all(this.#moving.values());
    for (const key of this.#held.keys()) this.giveUp(key);
    await Promise.all(this.#moving.values());
  }

  /** One that tells of a change comes at once after another: nobody had the time to answer it. */
  #countBeat(): void {
    const now = performance.now();
    if (now - this.#beatAt < leastBetweenMs) return;
    this.#beatAt = now;
    this.#beats++;
  }

  #look(): void {
    if (this.#isStopped || this.#beats < beatsBeforeTaking) return;
    const { beats, group } = this.#options;
    const claims = Array.from({ length: this.shared() }, (_, key) => claimOn(beats, group, key)?.process.id);
    const shares = sharedOut(claims, competitorsFor(beats, group));
    for (const [key, share] of shares.entries()) {
      const isMine = claims[key] === this.#self && share === this.#self;
      if (this.#held.has(key)) {
        if (!isMine) this.giveUp(key);
      } else if (claims[key] === undefined && (share === this.#self || this.#doubtful.has(key))) {
        if (!this.#moving.has(key)) void this.#move(key, this.#take(key, share === this.#self));
      }
    }
  }

  #move(key: number, moving: Promise<void>): Promise<void> {
    const done = moving
      .catch(() => void this.#doubtful.add(key))
      .finally(() => {
        this.#moving.delete(key);
      });
    this.#moving.set(key, done);
    return done;
  }

  /** Writes over a record that names nobody, or one who is gone. */
  async #take(key: number, isShare: boolean): Promise<void> {
    const { records, group, beats, work } = this.#options;
    const { holder, revision } = await records.read(group, key);
    const isOwn = holder === this.#self;
    if (!isOwn && (!isShare || (holder !== "" && beats.mayRun(holder)))) {
      this.#doubtful.delete(key);
      return;
    }
    const taken = await records.write(group, key, this.#self, revision);
    this.#doubtful.delete(key);
    if (taken === undefined) return;
    this.#held.set(key, taken);
    this.#tell();
    work.gained(key);
  }

  async #lose(key: number): Promise<void> {
    const { records, group, work } = this.#options;
    try {
      await work.lost(key);
      await records.write(group, key, "", this.#held.get(key) ?? 0);
    } finally {
      this.#held.delete(key);
      this.#tell();
    }
  }

  /** Says what is held; who has stopped no longer competes, but says so until the last key is given up. */
  #tell(): void {
    const { beats, group, keys } = this.#options;
    beats.tell(group, { competes: !this.#isStopped, keys, held: Object.fromEntries(this.#held) });
  }
}
