import { createClient } from "@connectrpc/connect";
import { DeliveryService, type Frame, type Limited } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import { type LineKind, openLine } from "./lines.ts";
import { bearer, type Person, sentAt, type Town } from "./town.ts";

/** Somebody honest who listens all the time and takes note of everything that is missing. */
export interface Watcher {
  readonly name: string;
  /** The last number of each conversation that came in order. */
  readonly seen: ReadonlyMap<string, number>;
  /** Milliseconds from sending to arriving. */
  readonly latencies: readonly number[];
  /** What came out of order, or not at all. */
  readonly faults: readonly string[];
  readonly isLive: boolean;
  /** Resumes that went well. */
  readonly resumes: number;
  stop(): Promise<void>;
}

export interface WatcherOptions {
  readonly town: Town;
  readonly person: Person;
  readonly kind: LineKind;
  /** Breaks its stream off this often and resumes; 0: stays. */
  readonly breakEveryMs: number;
}

/** Begins to watch; what it is to miss nothing of begins with the first event of a conversation that it sees. */
export function startWatcher({ town, person, kind, breakEveryMs }: WatcherOptions): Watcher {
  const line = openLine(town.url, kind);
  const client = createClient(DeliveryService, line.transport);
  const record = createRecord();
  let [token, isLive, resumes] = ["", false, 0];
  const leaving = new AbortController();

  const listen = async () => {
    const breaking = breakEveryMs > 0 ? [AbortSignal.timeout(breakEveryMs)] : [];
    const signal = AbortSignal.any([leaving.signal, ...breaking]);
    try {
      for await (const { frame } of client.subscribe({ token }, bearer(person.token, signal))) {
        record.take(frame);
        if (frame.case === "caughtUp" && token !== "") resumes++;
        if (frame.case === "caughtUp") isLive = true;
        if (frame.case === "caughtUp" || frame.case === "heartbeat" || frame.case === "closed")
          token = frame.value.token;
      }
    } catch (error) {
      if (!signal.aborted) record.faults.push(`a stream failed: ${error}`);
    }
  };
  const watching = (async () => {
    while (!leaving.signal.aborted && record.faults.length < maxFaults) await listen();
  })();

  return {
    ...record,
    name: `${line.name}${breakEveryMs > 0 ? ", resuming" : ""}`,
    get isLive() {
      return isLive;
    },
    get resumes() {
      return resumes;
    },
    async stop() {
      leaving.abort();
      await watching;
      line.close();
    },
  };
}

const maxFaults = 20;
/** Events of a conversation that a stream replays at most. */
const replayedAtMost = 200;

function createRecord() {
  const seen = new Map<string, number>();
  const latencies: number[] = [];
  const faults: string[] = [];
  const advance = (conversationId: string, from: number, to: number) => {
    const last = seen.get(conversationId) ?? from - 1;
    if (from > last + 1) faults.push(`after ${last} of ${conversationId} comes ${from}`);
    if (to > last) seen.set(conversationId, to);
    return to > last;
  };
  const takeEvent = ({ conversationId, seq, body }: Event) => {
    const isNew = advance(conversationId, Number(seq), Number(seq));
    const sent = body.case === "messagePosted" ? sentAt(body.value.content?.text ?? "") : undefined;
    if (isNew && sent !== undefined) latencies.push(Date.now() - sent);
  };
  /** Right only where more was missed than a replay tells, as after a burst of bursts. */
  const takeLimited = ({ conversationId, fromSeq, toSeq }: Limited) => {
    const last = seen.get(conversationId) ?? Number(fromSeq) - 1;
    if (Number(toSeq) - last <= replayedAtMost) faults.push(`limited though only ${Number(toSeq) - last} were missed`);
    advance(conversationId, Math.min(Number(fromSeq), last + 1), Number(toSeq));
  };
  const take = (frame: Frame["frame"]) => {
    if (frame.case === "event") takeEvent(frame.value);
    if (frame.case === "skip")
      advance(frame.value.conversationId, Number(frame.value.fromSeq), Number(frame.value.toSeq));
    if (frame.case === "limited") takeLimited(frame.value);
    if (frame.case === "reset") faults.push("reset for somebody who was there");
  };
  return { seen, latencies, faults, take };
}
