import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import {
  type ConnectRequest,
  ConnectRequestSchema,
  type DeliveryService,
  type Frame,
} from "#gen/parley/chat/v1/delivery_pb.js";

/** The frames of a stream, one after the other. */
export class Frames {
  readonly #frames: AsyncIterator<Frame>;
  readonly #ending = new AbortController();

  constructor(open: (signal: AbortSignal) => AsyncIterable<Frame>) {
    this.#frames = open(this.#ending.signal)[Symbol.asyncIterator]();
  }

  async next(): Promise<Frame["frame"]> {
    const { done, value } = await this.#frames.next();
    if (done) throw new Error("the stream ended");
    return value.frame;
  }

  /** The next frame of the kind; others are passed over. */
  async find<Kind extends Frame["frame"]["case"]>(kind: Kind): Promise<Extract<Frame["frame"], { case: Kind }>> {
    for (;;) {
      const frame = await this.next();
      if (isOf(frame, kind)) return frame;
    }
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#frames.next().catch(() => undefined);
  }
}

function isOf<Kind extends Frame["frame"]["case"]>(
  frame: Frame["frame"],
  kind: Kind,
): frame is Extract<Frame["frame"], { case: Kind }> {
  return frame.case === kind;
}

/** A Connect stream and what the test says on it. */
export class Talk {
  readonly frames: Frames;
  readonly #said: ConnectRequest[] = [];
  #wake = () => {};

  constructor(client: Client<typeof DeliveryService>) {
    this.frames = new Frames((signal) => client.connect(this.#requests(signal), { signal }));
  }

  say(command: ConnectRequest["command"]): void {
    this.#said.push(create(ConnectRequestSchema, { command }));
    this.#wake();
  }

  async *#requests(signal: AbortSignal): AsyncGenerator<ConnectRequest> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      const next = this.#said.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
