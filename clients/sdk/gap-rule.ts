import type { Event, Joined, Left, Limited, Reset, Skip } from "./contract.ts";

/** A frame that concerns the order of events in conversations. */
export type OrderFrame =
  | { readonly case: "event"; readonly value: Event }
  | { readonly case: "skip"; readonly value: Skip }
  | { readonly case: "limited"; readonly value: Limited }
  | { readonly case: "joined"; readonly value: Joined }
  | { readonly case: "left"; readonly value: Left }
  | { readonly case: "reset"; readonly value: Reset };

/** What a client does about a frame, in this order. */
export type Step =
  | { readonly kind: "apply"; readonly event: Event }
  /** Fetch the visible events of the range with ListEvents and apply them. */
  | { readonly kind: "page"; readonly fromSeq: bigint; readonly toSeq: bigint }
  | { readonly kind: "joined"; readonly baseSeq: bigint }
  | { readonly kind: "left"; readonly toSeq: bigint }
  | { readonly kind: "reset"; readonly keepSeq: bigint };

export interface Verdict {
  /** The last `seq` once the steps are done; undefined where the conversation is not the user's. */
  readonly last: bigint | undefined;
  readonly steps: readonly Step[];
}

/**
 * The rule of `delivery.proto` for one conversation: `last` is the last `seq` that was applied or passed over,
 * undefined for a conversation that was not heard of yet.
 *
 * What a stream repeats, after it was resumed from an older token, changes nothing. A hole that no frame announces is
 * paged like one that was: a client never passes over an event in silence.
 */
export function follow(last: bigint | undefined, frame: OrderFrame): Verdict {
  switch (frame.case) {
    case "event":
      return followEvent(last, frame.value);
    case "skip":
      return pageBetween(last, frame.value.fromSeq, frame.value.toSeq);
    case "limited":
      return pageThrough(last ?? frame.value.fromSeq - 1n, frame.value.toSeq);
    case "joined":
      return followJoined(last, frame.value.baseSeq);
    case "left":
      return followLeft(last, frame.value.toSeq);
    case "reset":
      return followReset(last, frame.value.keepSeq);
  }
}

function followEvent(last: bigint | undefined, event: Event): Verdict {
  if (last !== undefined && event.seq <= last) return { last, steps: [] };
  const firstCovered = event.body.case === "void" ? event.body.value.from : event.seq;
  const { steps } = pageBetween(last, firstCovered, event.seq);
  return { last: event.seq, steps: [...steps, { kind: "apply", event }] };
}

/** Advances over `from` to `to`; what lies between `last` and `from` is paged. */
function pageBetween(last: bigint | undefined, from: bigint, to: bigint): Verdict {
  if (last === undefined || from <= last + 1n) return { last: larger(last, to), steps: [] };
  return { last: to, steps: [{ kind: "page", fromSeq: last + 1n, toSeq: from - 1n }] };
}

function pageThrough(last: bigint, to: bigint): Verdict {
  if (to <= last) return { last, steps: [] };
  return { last: to, steps: [{ kind: "page", fromSeq: last + 1n, toSeq: to }] };
}

function followJoined(last: bigint | undefined, baseSeq: bigint): Verdict {
  if (last !== undefined && baseSeq <= last) return { last, steps: [] };
  return { last: baseSeq, steps: [{ kind: "joined", baseSeq }] };
}

/** A `left` below what was applied is of an earlier membership, repeated. */
function followLeft(last: bigint | undefined, toSeq: bigint): Verdict {
  if (last !== undefined && toSeq < last) return { last, steps: [] };
  const { steps } = pageThrough(last ?? toSeq, toSeq);
  return { last: undefined, steps: [...steps, { kind: "left", toSeq }] };
}

function followReset(last: bigint | undefined, keepSeq: bigint): Verdict {
  const kept = last !== undefined && last < keepSeq ? last : keepSeq;
  return { last: last === undefined ? undefined : kept, steps: [{ kind: "reset", keepSeq }] };
}

function larger(a: bigint | undefined, b: bigint): bigint {
  return a !== undefined && a > b ? a : b;
}
