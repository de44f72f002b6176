import type { Frame } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Stream } from "../delivery/stream.ts";

/** Takes the frames of a stream one by one, as their reader asks for them. */
export class TakenFrames {
  readonly #stream: Stream;
  #wake = () => {};

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.outlet = { ready: () => this.#wake(), full: () => {} };
  }

  /** The next frame, once there is one; undefined after the last. One call at a time. */
  async next(): Promise<Frame | undefined> {
    const stream = this.#stream;
    for (;;) {
      const item = stream.take();
      if (item) return item.frame.message;
      if (stream.isOver) return undefined;
      if (stream.isLive || stream.isClosed) await this.#woken();
      else await stream.replayMore();
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
