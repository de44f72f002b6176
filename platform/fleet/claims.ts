import type { Beat, Beats } from "./beats.ts";
import type { Process } from "./processes.ts";

/** That a process holds a key. Of several claims on a key the one of the highest revision holds. */
export interface Claim {
  readonly process: Process;
  readonly revision: number;
}

/**
 * The beats of those who were started in the log's newest life. Who slept while another one began has no part in it
 * until it is started again.
 */
export function beatsOfThisLife(beats: Pick<Beats, "all">): Beat[] {
  const all = beats.all();
  const lives = all.map(({ process }) => process.incarnation ?? 0);
  const newest = Math.max(...lives);
  return all.filter((_, index) => lives[index] === newest);
}

export function claimOn(beats: Beats, group: string, key: number): Claim | undefined {
  let best: Claim | undefined;
  for (const { process, groups } of beatsOfThisLife(beats)) {
    const revision = groups[group]?.held[key];
    if (revision !== undefined && revision > (best?.revision ?? 0)) best = { process, revision };
  }
  return best;
}

/** Ids of the processes that compete for a group. */
export function competitorsFor(beats: Beats, group: string): string[] {
  return competing(beats, group).map(({ process }) => process.id);
}

/** How many keys of a group all know that compete for it. */
export function keysOfAll(beats: Beats, group: string): number {
  return Math.min(...competing(beats, group).map(({ groups }) => groups[group]?.keys ?? 0));
}

function competing(beats: Beats, group: string): Beat[] {
  return beatsOfThisLife(beats).filter(({ groups }) => groups[group]?.competes === true);
}
