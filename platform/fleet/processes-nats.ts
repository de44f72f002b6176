import type { Beat, Beats } from "./beats.ts";
import type { Processes } from "./processes.ts";

/** The processes whose beats are heard. */
export function createNatsProcesses(beats: Beats): Processes {
  const inOrder = () => beats.all().toSorted((a, b) => (a.process.id < b.process.id ? -1 : 1));
  return {
    announce: () => beats.announce(),
    withdraw: () => beats.withdraw(),
    running: () => inOrder().map(({ process }) => process),
    serving: (module) => inOrder().flatMap((beat) => (serves(beat, module) ? [beat.process] : [])),
    onChange: (listener) => beats.listen((news) => void (news === "change" && listener())),
  };
}

function serves({ isAnnounced, process }: Beat, module: string): boolean {
  return isAnnounced && process.modules.includes(module);
}
