import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import type { Membership } from "./membership.ts";
import { isQuiet } from "./narrator.ts";

/** Most events of one conversation that a replay tells; what is beyond is fetched by the client. */
export const maxReplayedEvents = 200;

interface Allowance {
  /** Events told or promised so far. */
  given: number;
  /** Up to here events are told. */
  toldTo: number;
  /** Up to here they are left to the client. */
  limitedTo: number;
  /** Up to this position of the shard no entry is to be told any more. */
  settledTo: number;
}

/** Entries that are looked at together to count those that are told. */
const countedAtOnce = 256;

/** What a replay does with an event: tell it, pass it over because a `limited` covers it, or begin such a `limited`. */
export type Verdict = "tell" | "covered" | { readonly limitedTo: number };

/** Decides which missed events one replay tells, conversation by conversation. */
export class ReplayLimit {
  readonly #following: Following;
  readonly #allowances = new Map<ConversationId, Allowance>();

  constructor(following: Following) {
    this.#following = following;
  }

  judge(entry: FollowedEntry, membership: Membership): Verdict {
    const { conversationId: id, seq } = entry;
    if (membership.place(seq) !== "inside" || entry.kind === "void") return "tell";
    const allowance = this.#of(id);
    if (seq <= allowance.limitedTo) return "covered";
    if (seq <= allowance.toldTo) return "tell";
    const end = this.#runEnd(entry, membership);
    const events = this.#countTold(entry, end.seq, membership, maxReplayedEvents - allowance.given);
    if (allowance.given + events <= maxReplayedEvents) {
      allowance.given += events;
      allowance.toldTo = end.seq;
      return "tell";
    }
    allowance.limitedTo = end.seq;
    allowance.settledTo = end.position;
    return { limitedTo: end.seq };
  }

  /** Takes note that events up to `seq` were told or limited, from elsewhere than the ring. */
  settled(id: ConversationId, seq: number, given: number): void {
    const allowance = this.#of(id);
    allowance.given += given;
    allowance.limitedTo = Math.max(allowance.limitedTo, seq);
  }

  /** Up to which position no entry of the conversation is to be told any more. */
  settledTo(id: ConversationId): number {
    return this.#allowances.get(id)?.settledTo ?? 0;
  }

  #of(id: ConversationId): Allowance {
    const allowance = this.#allowances.get(id) ?? { given: 0, toldTo: 0, limitedTo: 0, settledTo: 0 };
    this.#allowances.set(id, allowance);
    return allowance;
  }

  /** The last entry in the ring, from this one on, before the membership changes or numbers were lost. */
  #runEnd(entry: FollowedEntry, membership: Membership): FollowedEntry {
    const { conversationId: id, position, seq, incarnation } = entry;
    const change = membership.changeAbove(seq);
    const last = this.#following.lastOf(id) ?? entry;
    // Numbers are only lost between two lives of the log.
    if (last.seq < change && last.incarnation === incarnation) return last;
    const missed = this.#following.ofConversation(id, position);
    const end = missed.findIndex((next) => next.seq >= change || next.kind === "void");
    return (end < 0 ? missed.at(-1) : missed[end - 1]) ?? entry;
  }

  /** How many from the entry on are told, not just passed over, up to `toSeq`; no further than what is too many. */
  #countTold(entry: FollowedEntry, toSeq: number, membership: Membership, most: number): number {
    if (membership.kind !== ConversationKind.CHANNEL) return toSeq - entry.seq + 1;
    let told = 0;
    for (let after = entry.position - 1; ; ) {
      const run = this.#following.ofConversation(entry.conversationId, after, countedAtOnce);
      for (const { seq, kind } of run) {
        if (seq > toSeq || told > most) return told;
        if (!isQuiet(membership, kind)) told++;
      }
      const last = run.at(-1);
      if (!last || run.length < countedAtOnce) return told;
      after = last.position;
    }
  }
}
