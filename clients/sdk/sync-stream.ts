import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Closed, CloseReason, type Event, type Frame, type Reset, SkipReason } from "./contract.ts";
import { notSignedIn } from "./errors.ts";
import { withWatchdog } from "./frames.ts";
import { follow, type OrderFrame, type Step } from "./gap-rule.ts";
import type { Outbox } from "./outbox.ts";
import type { Services } from "./services.ts";
import type { SyncCursor } from "./sync-cursor.ts";
import { interpret, type SyncEvent } from "./sync-events.ts";
import { pageEvents } from "./sync-paging.ts";

export interface StreamOptions {
  readonly services: Pick<Services, "chat" | "delivery">;
  readonly outbox: Pick<Outbox, "sendAgain">;
  readonly cursor: SyncCursor;
  readonly presenceUserIds: readonly string[];
  readonly signal: AbortSignal;
  onLive(): void;
}

/** How a stream ended. */
export interface StreamEnd {
  /** Not set where the client must not come back by itself. */
  readonly retryAfterMs?: number;
}

/** Reads one stream from the cursor's token to its end; the cursor stands behind every event that was taken. */
export async function* readStream(options: StreamOptions): AsyncGenerator<SyncEvent, StreamEnd> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  try {
    return yield* readFrames({ ...options, signal });
  } finally {
    left.abort();
  }
}

async function* readFrames(options: StreamOptions): AsyncGenerator<SyncEvent, StreamEnd> {
  const { services, cursor, signal } = options;
  const request = { token: cursor.token, presenceUserIds: [...options.presenceUserIds] };
  const lostToken = cursor.token === "" && cursor.lasts.size > 0;
  const frames = services.delivery.subscribe(request, { signal, timeoutMs: 0 });
  for await (const { frame } of withWatchdog(frames)) {
    if (frame.case === "closed") return await readClosed(cursor, frame.value);
    if (frame.case === "caughtUp" && lostToken) yield* compareHeads(options);
    if (frame.case === "caughtUp" || frame.case === "heartbeat") await keepToken(cursor, frame.value.token);
    if (frame.case === "caughtUp") {
      options.onLive();
      yield { type: "state", state: "live" };
    }
    yield* readFrame(options, frame);
  }
  return { retryAfterMs: 0 };
}

async function* readFrame(options: StreamOptions, frame: Frame["frame"]): AsyncGenerator<SyncEvent> {
  switch (frame.case) {
    case "skip":
      if (frame.value.reason === SkipReason.VOID) await options.outbox.sendAgain(frame.value);
      return yield* readOrder(options, frame);
    case "event":
    case "limited":
    case "joined":
    case "left":
      return yield* readOrder(options, frame);
    case "reset":
      return yield* readReset(options, frame.value);
    case "mark":
      return yield { type: "mark", marks: frame.value };
    case "typing":
      return yield { type: "typing", typing: frame.value };
    case "presence":
      return yield { type: "presence", presence: frame.value };
    case "sent": {
      const { clientId, conversationId, seq } = frame.value;
      return yield { type: "sent", clientId, conversationId, seq };
    }
  }
}

async function* readOrder(options: StreamOptions, frame: OrderFrame): AsyncGenerator<SyncEvent> {
  const { conversationId } = frame.value;
  const { lasts } = options.cursor;
  const { last, steps } = follow(lasts.get(conversationId), frame);
  for (const step of steps) yield* takeStep(options, conversationId, step);
  if (last === undefined) lasts.delete(conversationId);
  else lasts.set(conversationId, last);
}

async function* takeStep(options: StreamOptions, conversationId: string, step: Step): AsyncGenerator<SyncEvent> {
  switch (step.kind) {
    case "apply":
      return yield interpret(step.event);
    case "page":
      return yield* readPages(options, conversationId, step);
    case "joined":
      return yield { type: "joined", conversationId, baseSeq: step.baseSeq };
    case "left":
      return yield { type: "left", conversationId, toSeq: step.toSeq };
    case "reset":
      return yield { type: "reset", conversationId, keepSeq: step.keepSeq };
  }
}

/** Each page advances the cursor, so that a stream that breaks meanwhile does not begin the range again. */
async function* readPages(
  options: StreamOptions,
  conversationId: string,
  range: { readonly fromSeq: bigint; readonly toSeq: bigint },
): AsyncGenerator<SyncEvent> {
  const { cursor, services, signal } = options;
  for await (const events of pageEvents(services.chat, conversationId, range, signal)) {
    for (const event of events) {
      yield await paged(options, event);
      cursor.lasts.set(conversationId, event.seq);
    }
    if (cursor.token !== "") await cursor.save();
  }
}

/** What a stream tells as `reset` and `skip`, a page tells as the event that it is. */
async function paged({ outbox }: StreamOptions, event: Event): Promise<SyncEvent> {
  const { conversationId, body } = event;
  if (body.case !== "void") return interpret(event);
  const { from, to } = body.value;
  await outbox.sendAgain({ conversationId, fromSeq: from, toSeq: to });
  return { type: "reset", conversationId, keepSeq: from - 1n };
}

async function* readReset(options: StreamOptions, reset: Reset): AsyncGenerator<SyncEvent> {
  if (reset.conversationId !== "") return yield* readOrder(options, { case: "reset", value: reset });
  await options.outbox.sendAgain(undefined);
  options.cursor.lasts.clear();
  yield { type: "reset", conversationId: undefined, keepSeq: 0n };
}

/** A stream without a token starts now: what happened since the last one is fetched by comparing heads. */
async function* compareHeads(options: StreamOptions): AsyncGenerator<SyncEvent> {
  const { cursor, services, signal } = options;
  let pageToken = "";
  do {
    const page = await services.chat.listConversations({ pageSize: 100, pageToken }, { signal });
    for (const { conversationId, headSeq } of page.conversations) {
      const last = cursor.lasts.get(conversationId);
      if (last === undefined || last >= headSeq) continue;
      yield* readPages(options, conversationId, { fromSeq: last + 1n, toSeq: headSeq });
      cursor.lasts.set(conversationId, headSeq);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

async function readClosed(cursor: SyncCursor, closed: Closed): Promise<StreamEnd> {
  if (closed.token !== "") await keepToken(cursor, closed.token);
  if (closed.reason === CloseReason.SESSION_ENDED) throw notSignedIn();
  if (closed.reason === CloseReason.REPLACED) return {};
  return { retryAfterMs: closed.retryAfter ? durationMs(closed.retryAfter) : 0 };
}

async function keepToken(cursor: SyncCursor, token: string): Promise<void> {
  cursor.token = token;
  await cursor.save();
}
