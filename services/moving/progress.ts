/** Hears how far the copying of something has come. */
export type Progress = (what: string, done: number, total?: number) => void;

const everyMs = 1_000;

/** Prints a line now and then, and one at the end of each thing. */
export function printProgress(print: (line: string) => void, now = () => performance.now()): Progress {
  let shownAt = Number.NEGATIVE_INFINITY;
  return (what, done, total) => {
    const ended = done === total;
    if (!ended && now() - shownAt < everyMs) return;
    shownAt = now();
    const count = done.toLocaleString("en");
    print(total === undefined || ended ? `${what}: ${count}` : `${what}: ${count} of ${total.toLocaleString("en")}`);
  };
}
