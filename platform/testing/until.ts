import { setTimeout as wait } from "node:timers/promises";

const pollMs = 5;

/**
 * Waits until `check` returns "". Any other text is the reason why it is not so yet, and the failure's message once
 * `timeoutMs` has passed.
 */
export async function until(check: () => string | Promise<string>, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const reason = await check();
    if (reason === "") return;
    if (Date.now() >= end) throw new Error(`not within ${timeoutMs} ms: ${reason}`);
    await wait(pollMs);
  }
}
