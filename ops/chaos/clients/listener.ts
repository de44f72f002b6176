import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Reading } from "../evidence.ts";
import { type Limited, StreamModel } from "./stream-model.ts";
import type { Device } from "./town.ts";
import { bearer, type Ways } from "./ways.ts";

export interface ListenerOptions {
  readonly name: string;
  readonly kind: Reading["kind"];
  readonly device: Device;
  readonly ways: Ways;
  /** The gateway to begin with; each next stream is at the next one. */
  readonly way: number;
  /** How long each stream is held; absent: until it breaks. */
  readonly heldMs?: () => number;
  readonly model?: StreamModel;
}

const pauseMs = 200;
const fetchMs = 5_000;

/** A device with one stream after the other, each from the last token. */
export class Listener {
  readonly model: StreamModel;
  readonly #options: ListenerOptions;
  readonly #ending = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #way: number;
  /** When the server said that the session has ended. */
  sessionEndedMs: number | undefined;
  /** Whether a stream is open that has told something. */
  isTold = false;
  #isStaying = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#way = options.way;
    this.model = options.model ?? new StreamModel(options.name);
    this.#running = this.#run();
  }

  /** Resolves once a stream has told all that was missed. */
  caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  reading(): Reading {
    const { name, kind, device } = this.#options;
    return { name, kind, userId: device.userId, events: this.model.events };
  }

  /** From the next stream on each is held until it breaks. */
  stay(): void {
    this.#isStaying = true;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted && this.sessionEndedMs === undefined) {
      try {
        await this.#listen();
      } catch {
        // A stream may break at any time: the next one goes on from the token.
      }
      this.isTold = false;
      this.#way++;
      if (!this.#ending.signal.aborted) await wait(pauseMs);
    }
  }

  async #listen(): Promise<void> {
    const { device, ways, heldMs } = this.#options;
    const holding = heldMs && !this.#isStaying ? [AbortSignal.timeout(heldMs())] : [];
    const leaving = AbortSignal.any([this.#ending.signal, ...holding]);
    const delivery = ways.client(DeliveryService, this.#way);
    const options = bearer(device.token, { signal: leaving, timeoutMs: 0 });
    const frames = delivery.subscribe({ token: this.model.token }, options);
    this.model.begin();
    for await (const frame of frames) {
      this.isTold = true;
      const limited = this.model.apply(frame, performance.now());
      if (limited) await this.#fetch(limited, leaving);
      if (frame.frame.case === "caughtUp") this.#caughtUp.resolve();
      if (frame.frame.case !== "closed") continue;
      if (frame.frame.value.reason === CloseReason.SESSION_ENDED) this.sessionEndedMs = performance.now();
      return;
    }
  }

  async #fetch({ conversationId, from, to }: Limited, signal: AbortSignal): Promise<void> {
    const { device, ways } = this.#options;
    for (let next = from; next !== 0 && next <= to; ) {
      try {
        const chat = ways.client(ChatService, this.#way);
        const request = { conversationId, fromSeq: BigInt(next), toSeq: BigInt(to) };
        const page = await chat.listEvents(request, bearer(device.token, { timeoutMs: fetchMs, signal }));
        for (const event of page.events) this.model.see(event, performance.now());
        next = Number(page.nextSeq);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#way++;
        await wait(pauseMs);
      }
    }
  }
}
