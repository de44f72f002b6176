import { Presets, SingleBar } from "cli-progress";
import type { Io } from "./io.ts";

/** How far a long task has come, in bytes. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/** A bar on standard error where that is a terminal; nothing elsewhere. */
export function createProgress(io: Io, label: string): Progress {
  if (!io.stderr.isTTY) return { update() {}, stop() {} };
  const format = `${label} {bar} {percentage}% · {value}/{total} bytes`;
  const bar = new SingleBar({ format, stream: io.stderr, hideCursor: true }, Presets.shades_classic);
  let started = false;
  return {
    update(done, total) {
      if (!started) bar.start(total, done);
      started = true;
      bar.update(done);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
