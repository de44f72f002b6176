import type { MessageShape } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { type GetWatermarksResponseSchema, LogService } from "#gen/parley/log/v1/log_pb.js";
import type { RunningFollowing } from "#platform/log/following-log.ts";
import { callAs } from "#platform/rpc/identity.ts";
import type { Installation } from "./installation.ts";

/** How often it is asked what the store holds: until then the ring keeps it. */
export const watermarkMs = 1_000;

const asking = () => callAs({ kind: "service", name: "log" }, { timeoutMs: 5_000 });

/** What the store holds of each shard, as a process without a store learns it from one that has it. */
export interface Watermarks {
  readonly client: Client<typeof LogService>;
  /** Asks now. */
  read(): Promise<bigint[]>;
  /** Tells `following` once a second, until the returned function is called; stops it for what `whyNoMore` answers. */
  keep(following: RunningFollowing, whyNoMore: (told: Told) => string | undefined): () => void;
}

export type Told = MessageShape<typeof GetWatermarksResponseSchema>;

export function askWatermarks(transport: Transport): Watermarks {
  const client = createClient(LogService, transport);
  return {
    client,
    read: async () => (await client.getWatermarks({}, asking())).positions,
    keep: (following, whyNoMore) => keepWatermarks(client, following, whyNoMore),
  };
}

function keepWatermarks(
  client: Client<typeof LogService>,
  following: RunningFollowing,
  whyNoMore: (told: Told) => string | undefined,
): () => void {
  let isAsking = false;
  const look = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const told = await client.getWatermarks({}, asking());
      const reason = whyNoMore(told);
      if (reason !== undefined) return stopAll(following, reason);
      for (const [shard, position] of told.positions.entries()) {
        if (shard < following.shards) following.projected(shard, Number(position));
      }
    } catch {
      // Nobody answers: the ring keeps what it has, and the next look is a second away.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void look(), watermarkMs).unref();
  return () => clearInterval(timer);
}

/** Says so where who was asked was started on other data, or on an older state of them. */
export function otherLife(told: Told, { id, incarnation }: Installation): string | undefined {
  if (told.installationId === id && told.incarnation === incarnation) return undefined;
  return "the core has other data now: start this process again";
}

function stopAll(following: RunningFollowing, reason: string): void {
  for (let shard = 0; shard < following.shards; shard++) {
    if (!following.stopped(shard)) following.stop(shard, reason);
  }
}
