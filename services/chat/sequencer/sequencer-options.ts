import type { Logger } from "pino";
import type { Leases } from "#platform/fleet/leases.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { StateSources } from "./sequencer-state.ts";

/** What the sequencer stands on. */
export interface SequencerOptions extends StateSources {
  readonly log: EventLog;
  readonly following: Following;
  /** Who should own which shard: keys of the group "sequencer". */
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this process in `owner` records. */
  readonly owner: string;
  /** Life of the log that is written to. */
  readonly incarnation: number;
}
