import type { KV } from "@nats-io/kv";
import type { Msg, Subscription } from "@nats-io/nats-core";
import { type NatsBuckets, openBucket } from "#platform/engines/nats-bucket.ts";
import { Attendance, beatMs } from "./attendance.ts";
import type { Beat, Beats, GroupPart, News } from "./beats.ts";
import type { Process } from "./processes.ts";

export type NatsOfFleet = NatsBuckets;

/** How long one beat may take to be stored. */
const putTimeoutMs = 1_000;
/** What a process says last. */
const goodBye = "";
/** What a process left is dropped by the server after this. */
const forgottenMs = 10_000;

/**
 * One small write a process and beat, into a bucket in the server's memory; the server tells it on to all, in one order.
 * Nobody reads the bucket: who joins is answered by a beat of each.
 */
export async function openBeats(nats: NatsOfFleet, self: Process): Promise<Beats> {
  const beats = new NatsBeats(nats, self);
  await beats.open();
  return beats;
}

class NatsBeats implements Beats {
  readonly self: string;
  readonly #nats: NatsOfFleet;
  readonly #attendance: Attendance;
  readonly #others = new Map<string, Beat>();
  readonly #listeners = new Set<(news: News) => void>();
  #own: Beat;
  #bucket: KV | undefined;
  #heard: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;

  constructor(nats: NatsOfFleet, self: Process) {
    this.self = self.id;
    this.#nats = nats;
    this.#attendance = new Attendance(self.id);
    this.#own = { process: self, number: 0, isAnnounced: false, groups: {} };
  }

  async open(): Promise<void> {
    const { connection, name } = this.#nats;
    this.#bucket = await this.#openBucket();
    this.#heard = connection.subscribe(`${name}.fleet.>`, {
      callback: (error, message) => {
        if (!error) this.#hear(message);
      },
    });
    this.#timer = setInterval(() => this.#send(), beatMs).unref();
    this.#send();
  }

  all(): readonly Beat[] {
    return [this.#own, ...this.#others.values()];
  }

  mayRun(id: string): boolean {
    return this.#attendance.mayRun(id);
  }

  announce(): void {
    this.#tell({ isAnnounced: true });
  }

  withdraw(): void {
    this.#tell({ isAnnounced: false });
  }

  tell(group: string, part: GroupPart): void {
    this.#tell({ groups: { ...this.#own.groups, [group]: part } });
  }

  listen(listener: (news: News) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#heard?.unsubscribe();
    await this.#sending;
    await this.#bucket?.put(this.self, goodBye, { timeout: putTimeoutMs }).catch(() => undefined);
  }

  #tell(change: Partial<Beat>): void {
    this.#own = { ...this.#own, ...change };
    this.#send();
    this.#tellListeners("change");
  }

  #openBucket(): Promise<KV> {
    const { name } = this.#nats;
    return openBucket(this.#nats, "processes", {
      storage: "memory",
      ttl: forgottenMs,
      timeout: putTimeoutMs,
      republish: { src: `$KV.${name}_processes.>`, dest: `${name}.fleet.>` },
    });
  }

  /** One beat at a time: what changes meanwhile is told right after it. */
  #send(): void {
    if (this.#isClosed) return;
    if (this.#sending) {
      this.#isDue = true;
      return;
    }
    this.#isDue = false;
    this.#sending = this.#put().finally(() => {
      this.#sending = undefined;
      if (this.#isDue) this.#send();
    });
  }

  async #put(): Promise<void> {
    this.#own = { ...this.#own, number: this.#own.number + 1 };
    try {
      this.#bucket ??= await this.#openBucket();
      await this.#bucket.put(this.self, JSON.stringify(this.#own), { timeout: putTimeoutMs });
    } catch {
      // A server that lost its memory lost the bucket, too.
      this.#bucket = undefined;
      this.#isDue = false;
    }
  }

  #hear(message: Msg): void {
    const id = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    if (message.data.length === 0) this.#hearGoodBye(id);
    else if (id === this.self) this.#hearSelf(message.json<Beat>());
    else this.#hearOther(id, message.json<Beat>());
  }

  #hearGoodBye(id: string): void {
    this.#attendance.left(id);
    if (this.#others.delete(id)) this.#tellListeners("change");
  }

  #hearOther(id: string, beat: Beat): void {
    const before = this.#others.get(id);
    if (before && before.number >= beat.number) return;
    this.#others.set(id, beat);
    if (this.#attendance.heard(id)) this.#send();
    if (before?.isAnnounced !== beat.isAnnounced || !isSame(before.groups, beat.groups)) this.#tellListeners("change");
  }

  /** Older ones were held up on their way: many may come at once, and say nothing of the time that passed. */
  #hearSelf({ number }: Beat): void {
    if (number !== this.#own.number) return;
    const gone = this.#attendance.heardSelf(performance.now());
    for (const id of gone) this.#others.delete(id);
    if (gone.length > 0) this.#tellListeners("change");
    this.#tellListeners("own beat");
  }

  #tellListeners(news: News): void {
    for (const listener of this.#listeners) listener(news);
  }
}

function isSame(one: Beat["groups"], other: Beat["groups"]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
