import { setTimeout as wait } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/nats-core";
import { StartError } from "#platform/runtime/start-error.ts";

/** How long a start waits for servers that elect leaders, or have much else to do. */
export const patienceMs = 60_000;
const retryMs = 500;
/** HTTP's "Service Unavailable", which JetStream says where it has no leader. */
const unavailable = 503;

/** Whether the same request may be answered later. */
export function mayAnswerLater(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === unavailable;
  if (error instanceof errors.RequestError) return error.isNoResponders() || mayAnswerLater(error.cause);
  return error instanceof errors.TimeoutError || error instanceof errors.NoRespondersError;
}

/** Does work that may be repeated until JetStream answers. Throws StartError where it does not in time. */
export async function untilAnswered<Value>(work: () => Promise<Value>, withinMs = patienceMs): Promise<Value> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayAnswerLater(error)) throw error;
      if (performance.now() > until) {
        throw new StartError("JetStream does not answer: see that most of its servers run and have a leader.", {
          cause: error,
        });
      }
      await wait(retryMs);
    }
  }
}
