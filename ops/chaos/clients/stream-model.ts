import type { Frame } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import type { Finding, Seen } from "../evidence.ts";

/** A range that a stream told to fetch. */
export interface Limited {
  readonly conversationId: string;
  readonly from: number;
  readonly to: number;
}

/**
 * What one device knows by its streams, by the rule for clients, and every breach of that rule. A token goes with what
 * was known when it came: a stream that resumes from it has to go on exactly there.
 */
export class StreamModel {
  readonly events = new Map<string, Map<number, Seen>>();
  readonly findings: Finding[] = [];
  readonly #name: string;
  /** Last number by conversation, as of the frames of this stream. */
  #lasts = new Map<string, number>();
  #token: string;
  #lastsOfToken = new Map<string, number>();

  /** `token`: of a time when none of the conversations had begun. */
  constructor(name: string, token = "") {
    this.#name = name;
    this.#token = token;
  }

  get token(): string {
    return this.#token;
  }

  /** A stream from the token is opened. */
  begin(): void {
    this.#lasts = new Map(this.#lastsOfToken);
  }

  last(conversationId: string): number | undefined {
    return this.#lasts.get(conversationId);
  }

  /** Returns what has to be fetched. */
  apply({ frame }: Frame, nowMs: number): Limited | undefined {
    switch (frame.case) {
      case "event":
        this.#onEvent(frame.value, nowMs);
        return undefined;
      case "joined":
        this.#lasts.set(frame.value.conversationId, Number(frame.value.baseSeq));
        return undefined;
      case "skip":
        this.#cover(frame.value.conversationId, Number(frame.value.fromSeq), Number(frame.value.toSeq));
        return undefined;
      case "limited": {
        const { conversationId } = frame.value;
        const range = { from: Number(frame.value.fromSeq), to: Number(frame.value.toSeq) };
        this.#cover(conversationId, range.from, range.to);
        return { conversationId, ...range };
      }
      case "reset":
        this.#find("P7", "lost", "was reset though no log was lost");
        return undefined;
      case "caughtUp":
      case "heartbeat":
      case "closed":
        if (frame.value.token) this.#keep(frame.value.token);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Takes note of what was fetched. */
  see(event: Event, nowMs: number): void {
    const of = this.events.get(event.conversationId) ?? new Map<number, Seen>();
    this.events.set(event.conversationId, of);
    if (!of.has(Number(event.seq))) of.set(Number(event.seq), { event, atMs: nowMs });
  }

  #keep(token: string): void {
    this.#token = token;
    this.#lastsOfToken = new Map(this.#lasts);
  }

  #onEvent(event: Event, nowMs: number): void {
    const seq = Number(event.seq);
    const last = this.#lasts.get(event.conversationId);
    const at = `${event.conversationId} at ${seq}`;
    if (last !== undefined && seq <= last) this.#find("P7", "reordered", `${at} came again after ${last}`);
    if (last !== undefined && seq > last + 1) this.#find("P6", "lost", `${at} came after ${last}, nothing between`);
    if (last === undefined) this.#find("P6", "lost", `${at} came in a conversation that did not begin`);
    this.#lasts.set(event.conversationId, Math.max(seq, last ?? 0));
    this.see(event, nowMs);
  }

  #cover(conversationId: string, from: number, to: number): void {
    const last = this.#lasts.get(conversationId) ?? 0;
    if (from > last + 1) this.#find("P6", "lost", `${conversationId}: ${from} to ${to} is covered after ${last}`);
    this.#lasts.set(conversationId, Math.max(last, to));
  }

  #find(promise: Finding["promise"], kind: Finding["kind"], what: string): void {
    this.findings.push({ promise, kind, what: `${this.#name}: ${what}` });
  }
}
