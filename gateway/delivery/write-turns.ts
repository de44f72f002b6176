import type { Form } from "#platform/rpc/calls/shared-envelope.ts";
import type { SharedFrame } from "./frames.ts";
import type { Stream } from "./stream.ts";

/** Whoever writes once a turn. */
export interface TurnWriter {
  flush(): void;
  fail(error: unknown): void;
}

/** Several frames as one buffer. */
interface Batch {
  readonly form: Form;
  readonly frames: readonly SharedFrame[];
  readonly bytes: Buffer;
}

/** Streams of few conversations are told the same; where there are more, looking through them would cost more than it saves. */
const maxBatches = 8;
/** After so long the rest is left to the next turn, so that what was written goes out, and others have their turn. */
const turnMs = 10;
/** Writers that are flushed between two looks at the clock. */
const writersALook = 128;

/**
 * Writes all streams that have something to tell once a turn of the event loop: one timer, one count and one clock for
 * all of them, and one buffer for those that are told the same.
 */
export class WriteTurns {
  readonly #wrote: (frames: number) => void;
  #due: TurnWriter[] = [];
  #isScheduled = false;
  /** Of this turn, the latest first. */
  readonly #batches: Batch[] = [];
  readonly #frames: SharedFrame[] = [];
  #count = 0;

  /** `wrote` hears of each turn how many frames it wrote. */
  constructor(wrote: (frames: number) => void) {
    this.#wrote = wrote;
  }

  /** Flushes the writer at the end of this turn, or soon after where there are very many. */
  add(writer: TurnWriter): void {
    this.#due.push(writer);
    this.#schedule();
  }

  /** Takes frames of the stream, up to so many bytes, but one at least; undefined where none wait. */
  batch(stream: Stream, form: Form, maxBytes: number): Buffer | undefined {
    const first = stream.take()?.frame;
    if (!first) return undefined;
    this.#count++;
    if (!stream.hasFrames) return first.in(form);
    const frames = this.#frames;
    frames.length = 0;
    let next: SharedFrame | undefined = first;
    for (let bytes = first.bytes; next; bytes += next?.bytes ?? 0) {
      frames.push(next);
      next = bytes < maxBytes ? stream.take()?.frame : undefined;
    }
    this.#count += frames.length - 1;
    return this.#together(form, frames);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#due.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const due = this.#due;
    this.#due = [];
    const flushed = this.#flush(due);
    this.#batches.length = 0;
    this.#frames.length = 0;
    if (this.#count > 0) this.#wrote(this.#count);
    this.#count = 0;
    if (flushed < due.length) this.#due = [...due.slice(flushed), ...this.#due];
    this.#isScheduled = false;
    this.#schedule();
  };

  /** Flushes writers until the turn has lasted long enough; returns how many. */
  #flush(due: readonly TurnWriter[]): number {
    const until = performance.now() + turnMs;
    for (const [index, writer] of due.entries()) {
      if (index % writersALook === writersALook - 1 && performance.now() >= until) return index;
      try {
        writer.flush();
      } catch (error) {
        writer.fail(error);
      }
    }
    return due.length;
  }

  #together(form: Form, frames: readonly SharedFrame[]): Buffer {
    const known = this.#batches.find((batch) => batch.form === form && areSame(batch.frames, frames));
    if (known) return known.bytes;
    const bytes = Buffer.concat(frames.map((frame) => frame.in(form)));
    if (this.#batches.length === maxBatches) this.#batches.pop();
    this.#batches.unshift({ form, frames: [...frames], bytes });
    return bytes;
  }
}

function areSame(some: readonly SharedFrame[], others: readonly SharedFrame[]): boolean {
  return some.length === others.length && some.every((frame, index) => frame === others[index]);
}
