/** What can be done to a process from outside while it runs. */
export interface Levers {
  /** The part of live records that it does not get, from 0 to 1. */
  readonly dropped: number;
  /** By how much its clock is off. */
  readonly clockMs: number;
  /** How long its appends are held on their way to the log; it gives each up before. */
  readonly lateMs: number;
}

export const levers = {
  none: { dropped: 0, clockMs: 0, lateMs: 0 },
  parse(text: string): Levers {
    const { dropped = 0, clockMs = 0, lateMs = 0 } = JSON.parse(text);
    return { dropped: Number(dropped), clockMs: Number(clockMs), lateMs: Number(lateMs) };
  },
};
