import { JetStreamApiError, JetStreamError } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/nats-core";
import { StartError } from "./start-error.ts";

/** Says what to do where JetStream refused, or did not do in time, what a process needs to start. Throws always. */
export function refusedByNats(error: unknown): never {
  const sentence = sentenceOn(error);
  if (sentence === undefined) throw error;
  throw new StartError(`NATS does not keep what processes share (${reasonOf(error)}). ${sentence}`, { cause: error });
}

function sentenceOn(error: unknown): string | undefined {
  if (error instanceof JetStreamApiError) {
    return "Check the account's limits of JetStream, the room on its disks, and that there are as many servers as replicas.";
  }
  if (error instanceof JetStreamError || error instanceof TimeoutError) {
    return "Check that most servers of the cluster run.";
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
