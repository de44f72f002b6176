import type { Client } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, type SubscribeRequest } from "#gen/parley/chat/v1/delivery_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Sealer } from "#platform/runtime/sealing.ts";
import { streamErrors } from "../errors.ts";
import type { Audience, Listener } from "./audience.ts";
import { changedMarks } from "./changed-marks.ts";
import { plainItem, tokenItem } from "./frames.ts";
import { LogSurvey } from "./log-survey.ts";
import { tellFromStore } from "./missed.ts";
import { createTails, type Opening, openingOf } from "./opening.ts";
import { isBehind, replay } from "./replay.ts";
import { ReplayLimit } from "./replay-limit.ts";
import { type Cursor, createPositionSealer, openCursor } from "./resume-token.ts";
import { SharedHistory } from "./shared-history.ts";
import { createSharedItems } from "./shared-items.ts";
import { Stream, type StreamDeps } from "./stream.ts";
import { createTailReads } from "./tail-reads.ts";

export interface DeliveryDeps {
  readonly following: Following;
  readonly log: EventLog;
  /** Which life of the log this is. */
  readonly incarnation: number;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly chat: Client<typeof ChatService>;
  readonly audience: Audience;
  /** Hear of every stream that opens or closes. */
  readonly watchers: readonly StreamWatcher[];
}

export interface StreamWatcher {
  opened(stream: Stream): void;
  /** Called once for each stream, when it is no longer among the open ones. UNSPECIFIED: the client went away. */
  closed(stream: Stream, reason: CloseReason): void;
}

/** Most open streams of one device; a newer one closes the oldest with REPLACED. */
export const maxStreamsPerDevice = 4;
/** Most open streams of this process. */
export const maxStreams = 200_000;
/** Without another frame that carries a token, a heartbeat comes after this long at the latest. */
export const heartbeatMs = 20_000;
/** How far marks are sent again that were set before the token: clocks of servers differ by less. */
const marksOverlapMs = 120_000;

/** The open streams of this process. */
export class Delivery {
  readonly streams = new Set<Stream>();
  readonly #deps: DeliveryDeps;
  readonly #streamDeps: StreamDeps;
  /** What streams that resume have in common is read and made once. */
  readonly #survey: LogSurvey;
  readonly #history: SharedHistory;
  readonly #itemOf = createSharedItems();
  readonly #changedMarks: ReturnType<typeof changedMarks>;
  readonly #tailReads: ReturnType<typeof createTailReads>;
  #isDraining = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
    const { following, sealer, clock, audience, watchers, chat, log } = deps;
    this.#survey = new LogSurvey(log);
    this.#history = new SharedHistory(chat, following);
    this.#changedMarks = changedMarks(chat);
    this.#tailReads = createTailReads(log);
    this.#streamDeps = {
      tails: createTails(following),
      now: clock,
      closed: (stream, reason) => {
        this.streams.delete(stream);
        audience.closed(stream);
        for (const watcher of watchers) watcher.closed(stream, reason);
      },
      failed: (error) => deps.logger.warn({ error }, "replay failed"),
      seal: createPositionSealer(sealer, deps.incarnation, clock),
    };
  }

  /** Opens a stream. Whoever takes its frames calls `abandon` in the end. */
  async open(identity: UserIdentity, request: SubscribeRequest, signal: AbortSignal): Promise<Stream> {
    const cursor = this.#readToken(identity, request.token);
    const opening = await openingOf(cursor, {
      ...this.#deps,
      tails: this.#streamDeps.tails,
      tailOf: this.#tailReads,
    });
    if (this.#isDraining) throw platformErrors.STOPPING();
    if (this.streams.size >= maxStreams) throw streamErrors.TOO_MANY_STREAMS();
    const { audience, watchers } = this.#deps;
    const listener = audience.enter(identity.userId);
    this.#makeRoom(listener, identity);
    const marksSince = cursor && !opening.isReset ? cursor.time : undefined;
    const start = { positions: opening.positions, token: request.token, marksSince };
    const stream = new Stream(this.#streamDeps, identity, start);
    this.streams.add(stream);
    listener.streams.push(stream);
    for (const watcher of watchers) watcher.opened(stream);
    stream.replayWith(this.#script(stream, listener, opening, cursor, signal));
    try {
      await audience.load(listener, opening.positions, signal);
      return stream;
    } catch (error) {
      stream.abandon();
      throw error;
    }
  }

  /** Closes all streams that `isMeant` picks. */
  close(reason: CloseReason, isMeant: (stream: Stream) => boolean = () => true): void {
    for (const stream of this.streams) if (isMeant(stream)) stream.close(reason);
  }

  /** Refuses new streams and closes the open ones. */
  drain(): void {
    this.#isDraining = true;
    this.close(CloseReason.STOPPING);
  }

  #readToken(identity: UserIdentity, token: string): Cursor | undefined {
    if (token === "") return undefined;
    const cursor = openCursor(this.#deps.sealer, identity, token);
    if (!cursor) throw streamErrors.INVALID_TOKEN();
    return cursor;
  }

  #makeRoom(listener: Listener, { deviceId }: UserIdentity): void {
    const ofDevice = listener.streams.filter((stream) => stream.identity.deviceId === deviceId);
    if (ofDevice.length >= maxStreamsPerDevice) ofDevice[0]?.close(CloseReason.REPLACED);
  }

  /** What a stream tells before it is live. */
  async *#script(
    stream: Stream,
    listener: Listener,
    { positions, isReset }: Opening,
    cursor: Cursor | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<void> {
    if (isReset) {
      stream.push(tokenItem({ case: "reset", value: {} }, positions));
      yield;
    }
    const { following, audience } = this.#deps;
    const limit = new ReplayLimit(following);
    const itemOf = this.#itemOf;
    const [survey, history] = [this.#survey, this.#history];
    const missed = tellFromStore({ following, survey, history, itemOf, listener, limit, audience, signal });
    const steps = { following, memberships: listener.memberships, limit, itemOf, missed, pulse: this.#pulse };
    yield* replay(stream, steps);
    if (cursor && !isReset) {
      yield* this.#tellOwnMarks(stream, cursor.time - marksOverlapMs, signal);
    }
    while (isBehind(stream, following)) yield* replay(stream, steps);
    stream.goLive();
  }

  readonly #pulse = (stream: Stream): void => {
    if (this.#deps.clock() - stream.tokenAt >= heartbeatMs) stream.heartbeat();
  };

  async *#tellOwnMarks(stream: Stream, sinceMs: number, signal: AbortSignal): AsyncGenerator<void> {
    const marks = await this.#changedMarks({ userId: stream.identity.userId, since: sinceMs }, signal);
    for (const mark of marks) {
      stream.push(plainItem({ case: "mark", value: mark }));
      yield;
    }
  }
}
