import type { Client } from "@connectrpc/connect";
import type { LogService } from "#gen/parley/log/v1/log_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { keepOpen } from "#platform/rpc/peers/keep-open.ts";
import { type EventLog, type LogFollower, lastPosition } from "./event-log.ts";

/** How long a read may take. */
const readMs = 5_000;

/**
 * The event log that another process holds: it can be read and followed, not changed. Following goes on for ever, through
 * any number of lost connections: it begins again after the last record that was shown.
 */
export function createRemoteEventLog(client: Client<typeof LogService>): EventLog {
  const ending = new AbortController();
  const asking = () => callAs({ kind: "service", name: "log" }, { timeoutMs: readMs, signal: ending.signal });

  async function followFrom(shard: number, position: number, follower: LogFollower, signal: AbortSignal) {
    let next = position;
    await keepOpen(AbortSignal.any([signal, ending.signal]), async (open) => {
      const options = callAs({ kind: "service", name: "log" }, { signal: open });
      for await (const { told } of client.follow({ shard, position: BigInt(next) }, options)) {
        if (open.aborted) return;
        if (told.case === "tail") follower.onTail(Number(told.value));
        if (told.case !== "record") continue;
        next = lastPosition(told.value) + 1;
        follower.onRecord(told.value);
      }
    });
  }

  return {
    append: async () => {
      throw new Error("the log is held by another process: only that one appends");
    },
    async read(shard, position, maxBytes) {
      const limit = maxBytes === undefined ? {} : { maxBytes: BigInt(maxBytes) };
      const { records } = await client.read({ shard, position: BigInt(position), ...limit }, asking());
      return records;
    },
    async tail(shard) {
      const { tail } = await client.getTail({ shard }, asking());
      return Number(tail);
    },
    follow(shard, fromPosition, follower, signal) {
      void followFrom(shard, fromPosition, follower, signal);
    },
    trim: async () => {
      throw new Error("the log is held by another process: only that one trims");
    },
    fullness: async () => {
      throw new Error("the log is held by another process: only that one knows its room");
    },
    close: async () => ending.abort(),
  };
}
