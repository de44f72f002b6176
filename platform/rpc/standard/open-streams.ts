import { platformErrors } from "../errors.ts";

/** Most streams of the standard services: strangers may open them, and tools need a few. */
export const maxOpenStreams = 1000;

/** Runs streams of strangers, at most `max` at once; more are told RATE_LIMITED. */
export type LimitOpen = <T>(stream: AsyncIterable<T>) => AsyncIterable<T>;

export function limitOpen(max: number = maxOpenStreams): LimitOpen {
  let open = 0;
  return async function* limited(stream) {
    if (open >= max) throw platformErrors.RATE_LIMITED({ message: "too many open streams", retryAfterMs: 5000 });
    open++;
    try {
      yield* stream;
    } finally {
      open--;
    }
  };
}
