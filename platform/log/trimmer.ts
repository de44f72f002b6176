import type { Logger } from "pino";
import { type TrimmingOptions, trimShard } from "./trimming.ts";

/** How often the log is looked through for what may go. */
export const trimEveryMs = 600_000;

export interface TrimmerOptions extends TrimmingOptions {
  /** The shards that are this process's to trim at the time of the call. */
  readonly shards: () => readonly number[];
  readonly logger: Logger;
}

/** Keeps the log from growing for ever. */
export interface Trimmer {
  /** Waits for what is being dropped. Doing it twice is harmless. */
  stop(): Promise<void>;
}

export function startTrimmer(options: TrimmerOptions): Trimmer {
  const ending = new AbortController();
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(() => trimAll(options, ending.signal));
  }, trimEveryMs).unref();
  return {
    stop() {
      clearInterval(timer);
      ending.abort();
      return running;
    },
  };
}

/** What fails is tried again the next time: nothing but room depends on it. */
async function trimAll(options: TrimmerOptions, signal: AbortSignal): Promise<void> {
  for (const shard of options.shards()) {
    if (signal.aborted) return;
    try {
      const keptFrom = await trimShard(shard, options, signal);
      if (keptFrom !== undefined) options.logger.info({ shard, keptFrom }, "log was trimmed");
    } catch (error) {
      options.logger.warn({ err: error, shard }, "log can't be trimmed");
    }
  }
}
