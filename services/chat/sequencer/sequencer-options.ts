import type { Logger } from "pino";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { StateSources } from "./sequencer-state.ts";

/** What the sequencer stands on. */
export interface SequencerOptions extends StateSources {
  readonly log: EventLog;
  readonly following: Following;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this process in `owner` records. */
  readonly owner: string;
  /** Life of the log that is written to. */
  readonly incarnation: number;
}
