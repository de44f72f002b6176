import type { Client } from "@connectrpc/connect";
import { createBackoff, sleep } from "./backoff.ts";
import type { ChatService, Event } from "./contract.ts";
import { isReason, isRetryable, reasonOf, retryAfterMs } from "./errors.ts";

/** Events asked for at once. */
const pageSize = 1000;

/**
 * The visible events from `fromSeq` to `toSeq`, a page at a time. Where the user may no longer read, there are none.
 * Waits where the server asks to; throws where it can't be reached.
 */
export async function* pageEvents(
  chat: Client<typeof ChatService>,
  conversationId: string,
  range: { readonly fromSeq: bigint; readonly toSeq: bigint },
  signal: AbortSignal,
): AsyncGenerator<Event[]> {
  const backoff = createBackoff();
  let fromSeq = range.fromSeq;
  while (fromSeq > 0n && fromSeq <= range.toSeq) {
    try {
      const page = await chat.listEvents({ conversationId, fromSeq, toSeq: range.toSeq, pageSize }, { signal });
      backoff.reset();
      yield page.events;
      if (page.nextSeq <= fromSeq) return;
      fromSeq = page.nextSeq;
    } catch (error) {
      if (isReason(error, "chat", "NOT_A_MEMBER")) return;
      if (!reasonOf(error) || !isRetryable(error)) throw error;
      await sleep(backoff.next(retryAfterMs(error)), signal);
      signal.throwIfAborted();
    }
  }
}
