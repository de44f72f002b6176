import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
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
  /** Tells `following` once a second, until the returned function is called. */
  keep(following: RunningFollowing, installation: Installation): () => void;
}

export function askWatermarks(transport: Transport): Watermarks {
  const client = createClient(LogService, transport);
  return {
    client,
    read: async () => (await client.getWatermarks({}, asking())).positions,
    keep: (following, installation) => keepWatermarks(client, following, installation),
  };
}

function keepWatermarks(
  client: Client<typeof LogService>,
  following: RunningFollowing,
  { id, incarnation }: Installation,
): () => void {
  let isAsking = false;
  const look = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const answer = await client.getWatermarks({}, asking());
      if (answer.installationId !== id || answer.incarnation !== incarnation) return stopAll(following);
      for (const [shard, position] of answer.positions.entries()) {
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

/** Who was asked was started on other data, or on an older state of them. */
function stopAll(following: RunningFollowing): void {
  for (let shard = 0; shard < following.shards; shard++) {
    if (!following.stopped(shard)) following.stop(shard, "the core has other data now: start this process again");
  }
}
