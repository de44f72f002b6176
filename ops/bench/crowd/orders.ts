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
  /** Streams that went live. */
  readonly live: number;
  /** Times that one was refused and tried again. */
  readonly refused: number;
  /** Streams that were refused for good, or ended. */
  readonly lost: number;
  /** Messages that came, over all streams. */
  readonly heard: number;
  /** Why, of those refused and those lost. */
  readonly losses: readonly (readonly [why: string, count: number])[];
  readonly arrivals: Arrivals;
}

/** Throws where a stream is not there any more. */
export function refuseLosses(reports: readonly Report[]): void {
  const lost = reports.reduce((sum, report) => sum + report.lost, 0);
  if (lost > 0) throw new Error(`${lost} streams are lost: ${JSON.stringify(reports.map(({ losses }) => losses))}`);
}
