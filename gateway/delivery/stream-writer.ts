import { type Form, formOf } from "#platform/rpc/calls/shared-envelope.ts";
import type { Sink } from "#platform/rpc/calls/sink.ts";
import type { Outlet, Stream } from "./stream.ts";
import type { WriteTurns } from "./write-turns.ts";

/** Most bytes that are written at once: beyond them it is seen first whether the client keeps up. */
export const maxBatchBytes = 64 * 1024;

/**
 * Writes the frames of a stream to its client: once a turn all that wait, as one buffer. While the client is behind,
 * frames are left in the stream's queue, whose bounds then hold; what was written before, at most what its connection
 * buffers and one batch, counts as told, as nothing overtakes it.
 */
export class StreamWriter implements Outlet {
  readonly #stream: Stream;
  readonly #sink: Sink;
  readonly #form: Form;
  readonly #turns: WriteTurns;
  readonly #ended = Promise.withResolvers<void>();
  #isDue = false;
  #isBehind = false;
  #isReplaying = false;

  constructor(stream: Stream, sink: Sink, turns: WriteTurns) {
    this.#stream = stream;
    this.#sink = sink;
    this.#form = formOf(sink);
    this.#turns = turns;
  }

  /** Writes until the stream ends or the call is over. */
  run(): Promise<void> {
    this.#stream.outlet = this;
    this.#sink.onOver(() => this.#stream.abandon());
    this.ready();
    return this.#ended.promise;
  }

  ready(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#turns.add(this);
  }

  /** Called amid what others are told: nothing is thrown. */
  full(): void {
    try {
      this.#write();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Called by the turn. */
  flush(): void {
    this.#isDue = false;
    this.#write();
    if (this.#stream.isOver) this.#end();
    else if (!this.#isBehind && !this.#stream.isLive) void this.#replay();
  }

  /** Ends the stream as it can't be written. */
  fail(error: unknown): void {
    this.#ended.reject(error);
    this.#stream.abandon();
  }

  #end(): void {
    this.#stream.outlet = undefined;
    this.#ended.resolve();
  }

  /** The last frame is written in any case: nothing comes after it. */
  #write(): void {
    while (!this.#isBehind || this.#stream.isClosed) {
      const batch = this.#turns.batch(this.#stream, this.#form, maxBatchBytes);
      if (!batch) return;
      if (!this.#sink.write(batch)) this.#awaitDrain();
    }
  }

  #awaitDrain(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#sink.onDrain(() => {
      this.#isBehind = false;
      this.ready();
    });
  }

  async #replay(): Promise<void> {
    if (this.#isReplaying) return;
    this.#isReplaying = true;
    await this.#stream.replayMore();
    this.#isReplaying = false;
    this.ready();
  }
}
