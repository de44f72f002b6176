import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ConnectRequest, DeliveryService, SubscribeRequest } from "#gen/parley/chat/v1/delivery_pb.js";
import { type Sink, sinkKey } from "#platform/rpc/calls/sink.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { streamErrors } from "../errors.ts";
import { type CommandPeers, Commands } from "./commands.ts";
import type { Delivery } from "./delivery.ts";
import type { PresenceWatch } from "./presence-watch.ts";
import type { Stream } from "./stream.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { WriteTurns } from "./write-turns.ts";

export interface RouteDeps {
  readonly delivery: Delivery;
  readonly presenceWatch: PresenceWatch;
  readonly peers: CommandPeers;
  readonly turns: WriteTurns;
}

/** A Connect stream whose `open` does not come within this time is refused. */
export const openTimeoutMs = 10_000;

/** Frames are written past the encoder; what runs here opens a stream and is there at its end. */
export function createDeliveryRoutes(deps: RouteDeps): ServiceImpl<typeof DeliveryService> {
  return {
    subscribe: (request, context) => nothingUntil(() => subscribe(request, context, deps)),
    connect: (requests, context) => nothingUntil(() => converse(requests, context, deps)),
  };
}

/** An answer without messages of its own, which is over once `work` is. */
function nothingUntil(work: () => Promise<void>): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => work().then(() => over) }) };
}

const over = { done: true, value: undefined } as const;

async function subscribe(request: SubscribeRequest, context: HandlerContext, deps: RouteDeps): Promise<void> {
  const sink = sinkOf(context);
  const stream = await open(request, context, sink, deps);
  // Not awaited here: what this call holds is let go of, and streams last for days.
  return new StreamWriter(stream, sink, deps.turns).run();
}

/** Carries out what the client says while frames are written to it. */
async function converse(
  requests: AsyncIterable<ConnectRequest>,
  context: HandlerContext,
  deps: RouteDeps,
): Promise<void> {
  const sink = sinkOf(context);
  const iterator = requests[Symbol.asyncIterator]();
  try {
    const stream = await open(await readOpen(iterator), context, sink, deps);
    await carryOut(stream, iterator, new StreamWriter(stream, sink, deps.turns).run(), deps);
  } finally {
    // Not waited for: it ends when the client does, or when the response is out.
    iterator.return?.().catch(() => undefined);
  }
}

async function carryOut(
  stream: Stream,
  requests: AsyncIterator<ConnectRequest>,
  written: Promise<void>,
  { peers }: RouteDeps,
): Promise<void> {
  const commands = new Commands(stream, peers);
  let failure: unknown;
  commands.read(requests).catch((error: unknown) => {
    failure = error;
    stream.abandon();
  });
  try {
    await written;
  } finally {
    commands.close();
  }
  if (failure) throw failure;
}

/** The context's own signal would last as long as the call. */
async function open(
  request: SubscribeRequest,
  context: HandlerContext,
  sink: Sink,
  { delivery, presenceWatch }: RouteDeps,
): Promise<Stream> {
  const leaving = new AbortController();
  sink.onOver(() => leaving.abort());
  const stream = await delivery.open(callingUser(context), request, leaving.signal);
  presenceWatch.watch(stream, request.presenceUserIds);
  return stream;
}

function sinkOf({ values }: HandlerContext): Sink {
  const sink = values.get(sinkKey);
  if (!sink) throw platformErrors.UNKNOWN_METHOD({ message: "streams are for clients, not for services" });
  return sink;
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
