import { Presets, SingleBar } from "cli-progress";
import type { Io } from "../terminal/io.ts";
import type { Progress } from "./run-import.ts";

/** A progress bar on standard error, over the bytes of the logs. Draws nothing where that is no terminal. */
export function startImportBar(io: Io, totalBytes: number) {
  const format = "  {bar} {percentage} % · {lines} lines · {speed} lines/s · {eta_formatted} left";
  const bar = new SingleBar(
    { stream: io.stderr, format, hideCursor: true, etaBuffer: 50, stopOnComplete: false },
    Presets.shades_grey,
  );
  const start = performance.now();
  bar.start(totalBytes, 0, { lines: 0, speed: 0 });
  return {
    show({ bytes, lines }: Progress): void {
      const speed = Math.round(lines / ((performance.now() - start) / 1000));
      bar.update(bytes, { lines, speed });
    },
    /** Twice is harmless. */
    stop: () => bar.stop(),
  };
}
