import type { Arrivals } from "./arrivals.ts";

/** What a process of listeners is told to do; it answers each with a report, once it is done. */
export type Order =
  | {
      readonly kind: "open";
      /** A stream for each token. */
      readonly parts: readonly { readonly url: string; readonly tokens: readonly string[] }[];
      readonly perConnection: number;
      readonly atOnce: number;
    }
  | { readonly kind: "report" };

export interface Report {
  /** Streams that went live, and that were refused or ended. */
  readonly live: number;
  readonly lost: number;
  /** Messages that came, over all streams. */
  readonly heard: number;
  readonly losses: readonly (readonly [why: string, count: number])[];
  readonly arrivals: Arrivals;
}
