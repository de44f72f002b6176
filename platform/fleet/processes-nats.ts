import type { Beat, Beats } from "./beats.ts";
import { beatsOfThisLife } from "./claims.ts";
import type { Processes } from "./processes.ts";

/** The processes whose beats are heard. */
export function createNatsProcesses(beats: Beats): Processes {
  return {
    announce: () => beats.announce(),
    withdraw: () => beats.withdraw(),
    running: () => inOrder(beats.all()).map(({ process }) => process),
    serving: (module) =>
      inOrder(beatsOfThisLife(beats)).flatMap((beat) => (serves(beat, module) ? [beat.process] : [])),
    onChange: (listener) => beats.listen((news) => void (news === "change" && listener())),
  };
}

function inOrder(beats: readonly Beat[]): Beat[] {
  return beats.toSorted((a, b) => (a.process.id < b.process.id ? -1 : 1));
}

function serves({ isAnnounced, process }: Beat, module: string): boolean {
  return isAnnounced && process.modules.includes(module);
}
