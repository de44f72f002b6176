import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ConnectRequest, DeliveryService, Frame, SubscribeRequest } from "#gen/parley/chat/v1/delivery_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { streamErrors } from "../errors.ts";
import { type CommandPeers, Commands } from "./commands.ts";
import type { Delivery } from "./delivery.ts";
import type { PresenceWatch } from "./presence-watch.ts";
import type { Stream } from "./stream.ts";

export interface RouteDeps {
  readonly delivery: Delivery;
  readonly presenceWatch: PresenceWatch;
  readonly peers: CommandPeers;
  /** Streams whose frames are being taken. */
  readonly taken: Set<Stream>;
  readonly wrote: () => void;
}

/** A Connect stream whose `open` does not come within this time is refused. */
export const openTimeoutMs = 10_000;

export function createDeliveryRoutes(deps: RouteDeps): ServiceImpl<typeof DeliveryService> {
  const open = async (request: SubscribeRequest, context: HandlerContext) => {
    const stream = await deps.delivery.open(callingUser(context), request, context.signal);
    deps.presenceWatch.watch(stream, request.presenceUserIds);
    return stream;
  };
  return {
    async *subscribe(request, context) {
      yield* framesOf(await open(request, context), context.signal, deps);
    },
    async *connect(requests, context) {
      const iterator = requests[Symbol.asyncIterator]();
      try {
        const stream = await open(await readOpen(iterator), context);
        yield* talk(stream, iterator, context.signal, deps);
      } finally {
        // Not waited for: it ends when the client does, or when the response is out.
        iterator.return?.().catch(() => undefined);
      }
    },
  };
}

/** Carries out what the client says while its frames are taken. */
async function* talk(
  stream: Stream,
  requests: AsyncIterator<ConnectRequest>,
  signal: AbortSignal,
  deps: RouteDeps,
): AsyncGenerator<Frame> {
  const commands = new Commands(stream, deps.peers);
  let failure: unknown;
  commands.read(requests).catch((error: unknown) => {
    failure = error;
    stream.abandon();
  });
  try {
    yield* framesOf(stream, signal, deps);
  } finally {
    commands.close();
  }
  if (failure) throw failure;
}

/** Yields the stream's frames until it ends or nobody reads them any more. */
async function* framesOf(stream: Stream, signal: AbortSignal, { taken, wrote }: RouteDeps): AsyncGenerator<Frame> {
  const leave = () => stream.abandon();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  taken.add(stream);
  try {
    for (let frame = await stream.next(); frame; frame = await stream.next()) {
      wrote();
      yield frame;
    }
  } finally {
    taken.delete(stream);
    signal.removeEventListener("abort", leave);
    leave();
  }
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
