import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ConnectRequest, DeliveryService, Frame, SubscribeRequest } from "#gen/parley/chat/v1/delivery_pb.js";
import { sinkKey } from "#platform/rpc/calls/sink.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { streamErrors } from "../errors.ts";
import { type CommandPeers, Commands } from "./commands.ts";
import type { Delivery } from "./delivery.ts";
import type { PresenceWatch } from "./presence-watch.ts";
import type { Stream } from "./stream.ts";
import { StreamWriter } from "./stream-writer.ts";
import { TakenFrames } from "./taken-frames.ts";
import type { WriteTurns } from "./write-turns.ts";

export interface RouteDeps {
  readonly delivery: Delivery;
  readonly presenceWatch: PresenceWatch;
  readonly peers: CommandPeers;
  /** Streams whose frames are being taken. */
  readonly taken: Set<Stream>;
  readonly turns: WriteTurns;
}

/** A Connect stream whose `open` does not come within this time is refused. */
export const openTimeoutMs = 10_000;

export function createDeliveryRoutes(deps: RouteDeps): ServiceImpl<typeof DeliveryService> {
  return {
    async *subscribe(request, context) {
      yield* framesOf(await open(request, context, deps), context, deps);
    },
    async *connect(requests, context) {
      const iterator = requests[Symbol.asyncIterator]();
      try {
        const stream = await open(await readOpen(iterator), context, deps);
        yield* talk(stream, iterator, context, deps);
      } finally {
        // Not waited for: it ends when the client does, or when the response is out.
        iterator.return?.().catch(() => undefined);
      }
    },
  };
}

async function open(request: SubscribeRequest, context: HandlerContext, { delivery, presenceWatch }: RouteDeps) {
  const stream = await delivery.open(callingUser(context), request, leavingOf(context));
  presenceWatch.watch(stream, request.presenceUserIds);
  return stream;
}

/** Aborts where the client leaves before its stream is open. The context's own signal would last as long as the call. */
function leavingOf(context: HandlerContext): AbortSignal {
  const sink = context.values.get(sinkKey);
  if (!sink) return context.signal;
  const leaving = new AbortController();
  sink.onOver(() => leaving.abort());
  return leaving.signal;
}

/** Carries out what the client says while its frames are taken. */
async function* talk(
  stream: Stream,
  requests: AsyncIterator<ConnectRequest>,
  context: HandlerContext,
  deps: RouteDeps,
): AsyncGenerator<Frame> {
  const commands = new Commands(stream, deps.peers);
  let failure: unknown;
  commands.read(requests).catch((error: unknown) => {
    failure = error;
    stream.abandon();
  });
  try {
    yield* framesOf(stream, context, deps);
  } finally {
    commands.close();
  }
  if (failure) throw failure;
}

/** Has the stream's frames written until it ends or nobody reads them any more; yields them where there is no sink. */
async function* framesOf(stream: Stream, context: HandlerContext, { taken, turns }: RouteDeps) {
  const sink = context.values.get(sinkKey);
  taken.add(stream);
  try {
    if (sink) await new StreamWriter(stream, sink, turns).run();
    else yield* takenBy(context.signal, stream);
  } finally {
    taken.delete(stream);
    stream.abandon();
  }
}

async function* takenBy(signal: AbortSignal, stream: Stream): AsyncGenerator<Frame> {
  const frames = new TakenFrames(stream);
  const leave = () => stream.abandon();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  for (let frame = await frames.next(); frame; frame = await frames.next()) yield frame;
  signal.removeEventListener("abort", leave);
}

async function readOpen(requests: AsyncIterator<ConnectRequest>): Promise<SubscribeRequest> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(streamErrors.NOT_OPENED()), openTimeoutMs).unref();
  });
  try {
    const first = await Promise.race([requests.next(), timeout]);
    if (first.done || first.value.command.case !== "open") throw streamErrors.NOT_OPENED();
    return first.value.command.value;
  } finally {
    clearTimeout(timer);
  }
}
