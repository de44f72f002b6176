import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Operation } from "../evidence.ts";
import type { Ways } from "./ways.ts";

/** How long one attempt may take before the next gateway is tried with the same client id. */
export const attemptMs = 4_000;
const pauseMs = 100;

export interface Attempts {
  readonly ways: Ways;
  /** Aborts when nothing is tried again. */
  readonly giveUp: AbortSignal;
}

export interface Acknowledgement {
  readonly seq: bigint;
  readonly after: string;
  /** By the way of which gateway it came. */
  readonly way: number;
}

/** Refused for good, before anything was done: nothing of it may be found anywhere. */
const definite: ReadonlySet<Code> = new Set([
  Code.ResourceExhausted,
  Code.InvalidArgument,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.NotFound,
]);

/**
 * Calls with the same client id until the outcome is told, at the next gateway after each failure, as clients do.
 * Undefined where it was refused, or is not known when `giveUp` aborts or after `maxTries`.
 */
export async function attempt(
  operation: Operation,
  firstWay: number,
  { ways, giveUp }: Attempts,
  call: (way: number, timeoutMs: number) => Promise<Omit<Acknowledgement, "way">>,
  maxTries = Number.POSITIVE_INFINITY,
): Promise<Acknowledgement | undefined> {
  for (let way = firstWay; ; way++) {
    try {
      const { seq, after } = await call(way % ways.count, attemptMs);
      acknowledge(operation, Number(seq));
      operation.endedMs = performance.now();
      return { seq, after, way: way % ways.count };
    } catch (error) {
      const isRefused = definite.has(ConnectError.from(error).code);
      operation.unknown ||= !isRefused;
      if (isRefused || giveUp.aborted || way + 1 >= firstWay + maxTries) {
        operation.endedMs = performance.now();
        return undefined;
      }
      await wait(pauseMs);
    }
  }
}

export function acknowledge(operation: Operation, seq: number): void {
  operation.acknowledged.push(seq);
  operation.acknowledgedMs ??= performance.now();
}
