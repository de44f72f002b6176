import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { type Presence, PresenceSchema, type PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { callAs } from "#platform/rpc/identity.ts";
import type { StreamWatcher } from "./delivery.ts";
import { plainItem } from "./frames.ts";
import type { Stream } from "./stream.ts";

/** Changes are gathered this long, then asked for together. */
export const presenceGatherMs = 500;
/** Questions under way at once. */
const maxAtOnce = 32;

export interface PresenceWatch extends Pick<StreamWatcher, "closed"> {
  /** Tells the stream of these people from now on, beginning with how they are. */
  watch(stream: Stream, userIds: readonly string[]): void;
  stop(): void;
}

interface Watching {
  readonly people: ReadonlySet<string>;
  /** Those who changed since the client was told. */
  readonly changed: Set<string>;
  /** What the client was told last: what it may not see changing is never told twice. */
  readonly shown: Map<string, string>;
}

/** Tells streams of the people they name. Every change is asked for anew on behalf of the user: privacy decides. */
export function watchPresence(bus: Bus, presence: Client<typeof PresenceService>): PresenceWatch {
  const watchings = new Map<Stream, Watching>();
  const watchersOf = new Map<string, Set<Stream>>();
  const forget = bus.subscribe("presence", (payload) => {
    const { userId } = fromBinary(PresenceSchema, payload);
    for (const stream of watchersOf.get(userId) ?? []) watchings.get(stream)?.changed.add(userId);
  });

  const ask = async (stream: Stream, watching: Watching) => {
    const userIds = [...watching.changed];
    watching.changed.clear();
    try {
      const { presences } = await presence.getPresence({ userIds }, callAs(stream.identity));
      for (const one of presences) show(stream, watching, one);
    } catch {
      for (const userId of userIds) watching.changed.add(userId);
    }
  };
  let isAsking = false;
  const askAll = async () => {
    if (isAsking) return;
    isAsking = true;
    const due = [...watchings].filter(([stream, { changed }]) => stream.isLive && changed.size > 0);
    for (let start = 0; start < due.length; start += maxAtOnce) {
      await Promise.all(due.slice(start, start + maxAtOnce).map(([stream, watching]) => ask(stream, watching)));
    }
    isAsking = false;
  };
  const timer = setInterval(() => void askAll(), presenceGatherMs).unref();

  return {
    watch(stream, userIds) {
      if (userIds.length === 0 || stream.isClosed) return;
      const people = new Set(userIds.map((id) => id.toLowerCase()));
      watchings.set(stream, { people, changed: new Set(people), shown: new Map() });
      for (const id of people) watchersOf.set(id, (watchersOf.get(id) ?? new Set()).add(stream));
    },
    closed(stream) {
      for (const id of watchings.get(stream)?.people ?? []) {
        const watchers = watchersOf.get(id);
        watchers?.delete(stream);
        if (watchers?.size === 0) watchersOf.delete(id);
      }
      watchings.delete(stream);
    },
    stop() {
      clearInterval(timer);
      forget();
    },
  };
}

function show(stream: Stream, { shown }: Watching, presence: Presence): void {
  const { userId, status, lastSeenAt } = presence;
  const look = `${status} ${lastSeenAt ? timestampMs(lastSeenAt) : ""}`;
  if (shown.get(userId) === look) return;
  if (stream.offer(plainItem({ case: "presence", value: presence }))) shown.set(userId, look);
}
