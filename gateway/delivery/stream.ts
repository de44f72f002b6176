import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { CloseReason, type Frame } from "#gen/parley/chat/v1/delivery_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { FrameQueue, maxQueuedFrames } from "./frame-queue.ts";
import { type Item, makeFrame, tokenItem } from "./frames.ts";
import type { Membership } from "./membership.ts";
import { Narrator } from "./narrator.ts";

export interface StreamDeps {
  readonly following: Following;
  /** Seals the positions that a stream covers into a token. */
  readonly seal: (holder: UserIdentity, covers: readonly number[]) => string;
  readonly now: () => number;
  /** Hears why a replay could not go on. */
  readonly failed: (error: unknown) => void;
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
export class Stream {
  readonly identity: UserIdentity;
  readonly narrator: Narrator;
  /** From 0 to 1: shifts what is done for each stream from time to time, so that it never falls due for all at once. */
  readonly spread = Math.random();
  /** Per shard the position up to which everything was told. Moved by the replay; once live, only a floor. */
  readonly told: number[];
  /** When the client last took a frame. */
  takenAt: number;
  /** When the client was last sent a token. */
  tokenAt: number;
  /** Hears that a message of the user's comes; false: the client was told already. */
  onSent: (clientId: string) => boolean = () => true;
  readonly #deps: StreamDeps;
  readonly #queue = new FrameQueue();
  /** `reason` is UNSPECIFIED where the client went away. */
  readonly #onClose: (stream: Stream, reason: CloseReason) => void;
  readonly #lateMarks = new Map<string, Item>();
  #written: number[];
  /** The token that the client came with, until a frame covers more. */
  #token: string;
  #replay: AsyncIterator<void> | undefined;
  #isLive = false;
  #closing: CloseReason | undefined;
  #isOver = false;
  #wake = () => {};

  constructor(
    deps: StreamDeps,
    identity: UserIdentity,
    start: { readonly positions: readonly number[]; readonly token: string },
    onClose: (stream: Stream, reason: CloseReason) => void,
  ) {
    this.#deps = deps;
    this.identity = identity;
    this.told = [...start.positions];
    this.takenAt = deps.now();
    this.#written = [...start.positions];
    this.#token = start.token;
    this.tokenAt = deps.now();
    this.#onClose = onClose;
    this.narrator = new Narrator(
      identity.userId,
      (item) => this.push(item),
      (clientId) => this.onSent(clientId),
    );
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether frames wait to be taken. */
  get hasFrames(): boolean {
    return this.#queue.length > 0;
  }

  /** Sets what fills the queue before the stream is live. It ends with `goLive`. */
  replayWith(replay: AsyncIterator<void>): void {
    this.#replay = replay;
  }

  /** What is in the ring now was told; from this turn on, what is followed is told at once. */
  goLive(): void {
    this.#isLive = true;
    for (const item of this.#lateMarks.values()) this.push(item);
    this.#lateMarks.clear();
    this.#pushToken("caughtUp");
  }

  /** Shows an entry that was just followed. What stands at or below the stream's token is not told again. */
  tell(entry: FollowedEntry, item: Item, membership: Membership): void {
    if (this.#isLive && entry.position > (this.told[entry.shard] ?? 0)) this.narrator.tell(entry, item, membership);
  }

  /** Queues a frame; a client that is too slow for it is closed. */
  push(item: Item): void {
    if (this.isClosed) return;
    if (this.#queue.push(item)) this.#wake();
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
    else if (!this.isClosed && this.#lateMarks.size < maxQueuedFrames / 2) this.#lateMarks.set(conversation, item);
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
    this.#onClose(this, reason);
    this.#wake();
  }

  /** Ends the stream without a last frame: nobody reads it any more. */
  abandon(): void {
    this.close(CloseReason.UNSPECIFIED);
    this.#isOver = true;
  }

  /** The next frame, once there is one; undefined after the last. One call at a time. */
  async next(): Promise<Frame | undefined> {
    this.takenAt = this.#deps.now();
    while (!this.#isOver) {
      if (this.#closing !== undefined) return this.#lastFrame(this.#closing);
      const item = this.#queue.shift();
      if (item) return this.#write(item);
      if (this.#replay) await this.#replayMore(this.#replay);
      else await this.#woken();
    }
    return undefined;
  }

  async #replayMore(replay: AsyncIterator<void>): Promise<void> {
    try {
      if ((await replay.next()).done) this.#replay = undefined;
    } catch (error) {
      this.#replay = undefined;
      if (this.isClosed) return;
      this.#deps.failed(error);
      this.close(CloseReason.UNAVAILABLE);
    }
  }

  #write(item: Item): Frame {
    if (item.covers || item.position > 0) this.#token = "";
    if (item.covers) this.#written = [...item.covers];
    else if (item.position > (this.#written[item.shard] ?? 0)) this.#written[item.shard] = item.position;
    return item.frame;
  }

  #pushToken(frame: "caughtUp" | "heartbeat"): void {
    this.narrator.flush();
    const { following, seal } = this.#deps;
    const covers = this.told.map((position, shard) =>
      this.#isLive ? Math.max(position, following.tail(shard)) : position,
    );
    this.tokenAt = this.#deps.now();
    this.push(tokenItem({ case: frame, value: { token: seal(this.identity, covers) } }, covers));
  }

  #lastFrame(reason: CloseReason): Frame {
    this.#isOver = true;
    const wait = retryAfterMs.get(reason);
    const value = {
      reason,
      token: this.#token || this.#deps.seal(this.identity, this.#written),
      ...(wait === undefined ? {} : { retryAfter: durationFromMs(Math.round(wait * (0.5 + Math.random()))) }),
    };
    return makeFrame({ case: "closed", value });
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
