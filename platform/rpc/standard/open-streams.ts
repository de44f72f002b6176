import { platformErrors } from "../errors.ts";
import { createOpenLimit } from "../port/open-limit.ts";

/** Most streams of the standard services: strangers may open them, and tools need a few. */
export const maxOpenStreams = 1000;
/** Most of them of one address, so that nobody alone keeps the others from asking how the server is. */
export const maxOpenStreamsPerAddress = 50;

const retryAfterMs = 5_000;

/** Runs streams of strangers, so many at once and so many of an address; more are told RATE_LIMITED. */
export type LimitOpen = <T>(stream: AsyncIterable<T>, address: string) => AsyncIterable<T>;

export function limitOpen(max: number = maxOpenStreams, maxPerAddress: number = maxOpenStreamsPerAddress): LimitOpen {
  const ofAll = createOpenLimit(max, () => "");
  const ofAddress = createOpenLimit(maxPerAddress);
  return async function* limited(stream, address) {
    const leave = ofAddress.enter(address);
    const leaveAll = leave && ofAll.enter("");
    if (!leaveAll) leave?.();
    if (!leave || !leaveAll) throw platformErrors.RATE_LIMITED({ message: "too many open streams", retryAfterMs });
    try {
      yield* stream;
    } finally {
      leave();
      leaveAll();
    }
  };
}
