import { type Frame, SkipReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Event } from "#gen/parley/chat/v1/events_pb.js";

/** What a client holds of one conversation. */
export interface Held {
  /** The last number that is accounted for. */
  last: number;
  isMember: boolean;
  /** By `seq`: the event, or why there is none. */
  readonly numbers: Map<number, Event | "skipped" | "fetched">;
}

/** A client that follows the rules of `delivery.proto` to the letter and throws where the server breaks them. */
export class ModelClient {
  readonly held = new Map<string, Held>();
  /** The last token, and what was held when it came. */
  token = "";
  /** Every frame, in order. */
  readonly frames: Frame["frame"][] = [];
  /** How often a conversation ended before all its numbers were told. */
  leftShort = 0;
  #atToken = new Map<string, Held>();

  apply({ frame }: Frame): void {
    this.frames.push(frame);
    switch (frame.case) {
      case "event":
        this.#applyEvent(frame.value);
        return;
      case "joined": {
        const held = this.#of(frame.value.conversationId);
        held.last = Math.max(held.last, Number(frame.value.baseSeq));
        held.isMember = true;
        return;
      }
      case "left": {
        const held = this.#of(frame.value.conversationId);
        if (held.isMember)
          this.#advance(frame.value.conversationId, BigInt(held.last + 1), frame.value.toSeq, "fetched");
        held.isMember = false;
        return;
      }
      case "skip":
        if (frame.value.reason === SkipReason.UNSPECIFIED) throw new Error("skip without a reason");
        this.#advance(frame.value.conversationId, frame.value.fromSeq, frame.value.toSeq, "skipped");
        return;
      case "limited":
        this.#advance(frame.value.conversationId, frame.value.fromSeq, frame.value.toSeq, "fetched");
        return;
      case "reset":
        this.#reset(frame.value.conversationId, Number(frame.value.keepSeq));
        return;
      case "caughtUp":
      case "heartbeat":
      case "closed":
        this.token = frame.value.token;
        this.#atToken = copyOf(this.held);
        return;
    }
  }

  /** The kinds of the frames since the last call. */
  takeKinds(): string[] {
    return this.frames.splice(0).map((frame) => frame.case ?? "");
  }

  /** Forgets what came after the token, as a client that crashed. */
  crash(): void {
    this.held.clear();
    for (const [id, held] of copyOf(this.#atToken)) this.held.set(id, held);
  }

  #of(conversation: string): Held {
    const held = this.held.get(conversation) ?? { last: 0, isMember: false, numbers: new Map() };
    this.held.set(conversation, held);
    return held;
  }

  #applyEvent(event: Event): void {
    const held = this.#of(event.conversationId);
    const seq = Number(event.seq);
    if (seq <= held.last) return;
    if (!held.isMember) throw new Error(`event ${seq} to somebody who is no member`);
    if (seq !== held.last + 1) throw new Error(`event ${seq} after ${held.last}`);
    held.numbers.set(seq, event);
    held.last = seq;
  }

  #advance(conversation: string, from: bigint, to: bigint, how: "skipped" | "fetched"): void {
    const held = this.#of(conversation);
    if (Number(from) > held.last + 1) throw new Error(`${how} from ${from} after ${held.last}`);
    for (let seq = held.last + 1; seq <= Number(to); seq++) held.numbers.set(seq, how);
    held.last = Math.max(held.last, Number(to));
  }

  #reset(conversation: string, keep: number): void {
    for (const [id, held] of this.held) {
      if (conversation !== "" && conversation !== id) continue;
      for (const seq of [...held.numbers.keys()]) if (seq > keep) held.numbers.delete(seq);
      held.last = Math.min(held.last, keep);
    }
  }
}

function copyOf(held: ReadonlyMap<string, Held>): Map<string, Held> {
  return new Map([...held].map(([id, one]) => [id, { ...one, numbers: new Map(one.numbers) }]));
}
