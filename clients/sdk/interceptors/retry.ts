import type { Interceptor } from "@connectrpc/connect";
import { createBackoff, sleep } from "../backoff.ts";
import { isRetryable, reasonOf, retryAfterMs } from "../errors.ts";

/** Tries of one call, the first included. */
export const maxTries = 5;
/** Longer waits that a server asks for are the caller's to decide. */
export const maxWaitMs = 5_000;

/**
 * Repeats calls that the server itself refused for now, such as a read that it has not come as far as (NOT_YET). Every
 * change carries a client id, so a repetition is harmless. The call's deadline covers all tries.
 */
export function retryInterceptor(): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
    for (let tries = 1; ; tries++) {
      try {
        return await next(request);
      } catch (error) {
        const asked = retryAfterMs(error) ?? 0;
        if (tries === maxTries || asked > maxWaitMs || !reasonOf(error) || !isRetryable(error)) throw error;
        await sleep(backoff.next(asked), request.signal);
        request.signal.throwIfAborted();
      }
    }
  };
}
