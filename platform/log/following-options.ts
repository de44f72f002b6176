import type { Logger } from "pino";
import type { EventLog } from "./event-log.ts";

/** What following stands on. */
export interface FollowingOptions {
  readonly log: EventLog;
  readonly shards: number;
  readonly logger: Logger;
  /** What the store already holds of each shard: entries above it are kept whatever the ring's size. */
  readonly watermark: (shard: number) => Promise<number>;
  readonly maxBytes?: number;
  /** The log's life that this process belongs to: a record of a later one stops its shard. Unset: any. */
  readonly incarnation?: number;
}
