import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type Delivery, heartbeatMs } from "./delivery.ts";
import type { Stream } from "./stream.ts";

/** A client that has no room for more of its replay for this long is closed. */
export const stalledReplayMs = 60_000;
/** Often, so that little falls due at once: an event never waits behind the heartbeats of all streams. */
const upkeepMs = 200;
/** In so many turns all streams are looked at. */
const turns = 5;
/** Between two looks at a stream. */
const lookMs = turns * upkeepMs;

export interface UpkeepDeps {
  readonly delivery: Delivery;
  readonly following: Following;
  readonly clock: Clock;
}

/** From time to time: heartbeats that are due, replays that nobody reads, shards that can't be followed. */
export function keepStreamsUp({ delivery, following, clock }: UpkeepDeps): () => void {
  const look = (stream: Stream, now: number) => {
    if (stream.isLive && now - stream.tokenAt >= (heartbeatMs - lookMs) * (1 - stream.spread / 5)) stream.heartbeat();
    if (!stream.isLive && now - stream.askedAt >= stalledReplayMs) stream.close(CloseReason.SLOW);
  };
  let looking = delivery.streams.values();
  // Goes on where it stopped, also where streams came or went meanwhile.
  const next = (): Stream | undefined => {
    const { value: stream } = looking.next();
    if (stream) return stream;
    looking = delivery.streams.values();
    return looking.next().value;
  };
  const timer = setInterval(() => {
    const now = clock();
    for (let count = Math.ceil(delivery.streams.size / turns); count > 0; count--) {
      const stream = next();
      if (stream) look(stream, now);
    }
    if (isStopped(following)) delivery.close(CloseReason.UNAVAILABLE);
  }, upkeepMs).unref();
  return () => clearInterval(timer);
}

function isStopped(following: Following): boolean {
  for (let shard = 0; shard < following.shards; shard++) if (following.stopped(shard)) return true;
  return false;
}
