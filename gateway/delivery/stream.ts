import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { FrameQueue, maxQueuedFrames } from "./frame-queue.ts";
import { type Item, plainItem, tokenItem } from "./frames.ts";
import type { Membership } from "./membership.ts";
import { Narrator, type Teller } from "./narrator.ts";
import { Positions } from "./positions.ts";

/** What all streams share. */
export interface StreamDeps {
  /** Last position of each shard that this process has followed. The same array for as long as nothing was. */
  readonly tails: () => readonly number[];
  /** Seals the positions that a stream covers into a token; `time` is when marks were last told, if that is not now. */
  readonly seal: (holder: UserIdentity, covers: readonly number[], time?: number) => string;
  readonly now: () => number;
  /** Hears that a stream is closed; the reason is UNSPECIFIED where the client went away. */
  readonly closed: (stream: Stream, reason: CloseReason) => void;
  /** Hears why a replay could not go on. */
  readonly failed: (error: unknown) => void;
}

/** Takes the frames of a stream. */
export interface Outlet {
  /** Frames wait to be taken, the last one maybe, or none ever will. Called any number of times. */
  ready(): void;
  /** More frames wait than may: those that the client has room for are to be taken now. */
  full(): void;
}

/** How long a client waits before it comes back, before jitter. */
const retryAfterMs = new Map([
  [CloseReason.STOPPING, 1000],
  [CloseReason.SLOW, 2000],
  [CloseReason.UNAVAILABLE, 5000],
]);

/**
 * What one client is told, in order. A stream first replays: each time the queue is empty the replay is asked for more,
 * so that it goes at the client's pace. Then it is live: the log fills the queue, and a client that does not empty it
 * in time is closed.
 */
export class Stream implements Teller {
  readonly identity: UserIdentity;
  readonly narrator: Narrator;
  /** From 0 to 1: shifts what is done for each stream from time to time, so that it never falls due for all at once. */
  readonly spread = Math.random();
  /** When the client last had room for more of its replay. */
  askedAt: number;
  /** When the client was last sent a token. */
  tokenAt: number;
  outlet: Outlet | undefined;
  /** Hears that a message of the user's comes; false: the client was told already. */
  onSent: ((clientId: string) => boolean) | undefined;
  readonly #deps: StreamDeps;
  readonly #queue = new FrameQueue();
  #lateMarks: Map<string, Item> | undefined;
  readonly #told: Positions;
  readonly #written: Positions;
  /** The token that the client came with, until a frame covers more. */
  #token: string;
  /** Since when the client may miss marks of its own, until it has taken them: they are told just before `caughtUp`. */
  #marksSince: number | undefined;
  #caughtUp: Item | undefined;
  #replay: AsyncIterator<void> | undefined;
  #isLive = false;
  #closing: CloseReason | undefined;
  #isOver = false;

  constructor(
    deps: StreamDeps,
    identity: UserIdentity,
    start: { readonly positions: readonly number[]; readonly token: string; readonly marksSince?: number | undefined },
  ) {
    this.#deps = deps;
    this.identity = identity;
    this.#told = new Positions(start.positions);
    this.askedAt = deps.now();
    this.#written = new Positions(start.positions);
    this.#token = start.token;
    this.#marksSince = start.marksSince;
    this.tokenAt = this.askedAt;
    this.narrator = new Narrator(this);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether the last frame was taken, or nobody takes frames any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether frames wait to be taken. */
  get hasFrames(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether the replay has told so much that it is to be taken first, or that nobody takes any more. */
  get hasEnough(): boolean {
    return this.isClosed || this.#queue.hasEnough;
  }

  /** Per shard the position up to which everything was told. Moved by the replay; once live, only a floor. */
  get told(): readonly number[] {
    return this.#told.all;
  }

  /** Takes note that all up to `position` was told. */
  toldUpTo(shard: number, position: number): void {
    this.#told.raise(shard, position);
  }

  /** Sets what fills the queue before the stream is live. It ends with `goLive`. */
  replayWith(replay: AsyncIterator<void>): void {
    this.#replay = replay;
  }

  /** What is in the ring now was told; from this turn on, what is followed is told at once. */
  goLive(): void {
    this.#isLive = true;
    for (const item of this.#lateMarks?.values() ?? []) this.push(item);
    this.#lateMarks = undefined;
    this.#pushToken("caughtUp");
  }

  /** Shows an entry that was just followed. What stands at or below the stream's token is not told again. */
  tell(entry: FollowedEntry, item: Item, membership: Membership): void {
    if (this.#isLive && entry.position > this.#told.at(entry.shard)) this.narrator.tell(entry, item, membership);
  }

  tellsSent(clientId: string): boolean {
    return this.onSent?.(clientId) ?? true;
  }

  /** Queues a frame; a client that is too slow for it is closed. */
  push(item: Item): void {
    if (this.isClosed) return;
    if (this.#queue.push(item) || this.#pushInstead(item)) this.outlet?.ready();
    else this.close(CloseReason.SLOW);
  }

  /** Queues a frame that nobody misses; false: dropped, during replay or where the client is slow. */
  offer(item: Item): boolean {
    if (!this.#isLive || this.#queue.length >= maxQueuedFrames / 2) return false;
    this.push(item);
    return true;
  }

  /** Queues the user's own mark; during replay the last one of each conversation is kept until the stream is live. */
  offerOwnMark(conversation: string, item: Item): void {
    if (this.#isLive) this.push(item);
    else if (!this.isClosed) this.#keepMark(conversation, item);
  }

  /** Tells where the stream is. */
  heartbeat(): void {
    this.#pushToken("heartbeat");
  }

  /** Ends the stream: what waits is dropped, and the last frame covers what was taken. */
  close(reason: CloseReason): void {
    if (this.isClosed) return;
    this.#closing = reason;
    this.#isLive = false;
    this.#queue.clear();
    this.#deps.closed(this, reason);
    this.outlet?.ready();
  }

  /** Ends the stream without a last frame: nobody takes it. */
  abandon(): void {
    this.#isOver = true;
    this.close(CloseReason.UNSPECIFIED);
    this.outlet?.ready();
  }

  /** The next frame, for the client: what it covers counts as told. Undefined where none waits. */
  take(): Item | undefined {
    if (this.#isOver) return undefined;
    if (this.#closing !== undefined) return this.#lastFrame(this.#closing);
    const item = this.#queue.shift();
    if (item) this.#cover(item);
    return item;
  }

  /** Lets the replay go on, as the client has room for more: resolves when it has told something or is done. */
  async replayMore(): Promise<void> {
    this.askedAt = this.#deps.now();
    try {
      if ((await this.#replay?.next())?.done !== false) this.#replay = undefined;
    } catch (error) {
      this.#replay = undefined;
      if (this.isClosed) return;
      this.#deps.failed(error);
      this.close(CloseReason.UNAVAILABLE);
    }
  }

  #pushInstead(item: Item): boolean {
    this.outlet?.full();
    return !this.isClosed && this.#queue.push(item);
  }

  #keepMark(conversation: string, item: Item): void {
    this.#lateMarks ??= new Map();
    if (this.#lateMarks.size < maxQueuedFrames / 2) this.#lateMarks.set(conversation, item);
  }

  #cover(item: Item): void {
    const { covers, shard, position } = item;
    if (item === this.#caughtUp) {
      this.#caughtUp = undefined;
      this.#marksSince = undefined;
    }
    if (covers || position > 0) this.#token = "";
    if (covers) this.#written.set(covers);
    else if (position > 0) this.#written.raise(shard, position);
  }

  #pushToken(frame: "caughtUp" | "heartbeat"): void {
    this.narrator.flush();
    const { tails, seal } = this.#deps;
    if (this.#isLive) this.#told.raiseAll(tails());
    const covers = this.told;
    this.tokenAt = this.#deps.now();
    const token = seal(this.identity, covers, this.#isLive ? undefined : this.#marksSince);
    const item = tokenItem({ case: frame, value: { token } }, covers);
    if (frame === "caughtUp") this.#caughtUp = item;
    this.push(item);
  }

  #lastFrame(reason: CloseReason): Item {
    this.#isOver = true;
    const wait = retryAfterMs.get(reason);
    const value = {
      reason,
      token: this.#token || this.#deps.seal(this.identity, this.#written.all, this.#marksSince),
      ...(wait === undefined ? {} : { retryAfter: durationFromMs(Math.round(wait * (0.5 + Math.random()))) }),
    };
    return plainItem({ case: "closed", value });
  }
}
