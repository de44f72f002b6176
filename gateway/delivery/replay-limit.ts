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
}

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
    if (membership.place(seq) !== "inside" || entry.event.body.case === "void") return "tell";
    const allowance = this.#allowances.get(id) ?? { given: 0, toldTo: 0, limitedTo: 0 };
    this.#allowances.set(id, allowance);
    if (seq <= allowance.limitedTo) return "covered";
    if (seq <= allowance.toldTo) return "tell";
    const run = this.#runFrom(entry, membership);
    const runEnd = run.at(-1)?.seq ?? seq;
    const events = run.filter(({ event }) => !isQuiet(membership, event)).length;
    if (allowance.given + events <= maxReplayedEvents) {
      allowance.given += events;
      allowance.toldTo = runEnd;
      return "tell";
    }
    allowance.limitedTo = runEnd;
    return { limitedTo: runEnd };
  }

  /** Takes note that events up to `seq` were told or limited, from elsewhere than the ring. */
  settled(id: ConversationId, seq: number, given: number): void {
    const allowance = this.#allowances.get(id) ?? { given: 0, toldTo: 0, limitedTo: 0 };
    allowance.given += given;
    allowance.limitedTo = Math.max(allowance.limitedTo, seq);
    this.#allowances.set(id, allowance);
  }

  /** The entry and those after it that were missed, up to where the membership changes or numbers were lost. */
  #runFrom(entry: FollowedEntry, membership: Membership): readonly FollowedEntry[] {
    const missed = this.#following.ofConversation(entry.conversationId, entry.position - 1);
    const change = membership.changeAbove(entry.seq);
    const end = missed.findIndex(({ seq, event }) => seq >= change || event.body.case === "void");
    return end < 0 ? missed : missed.slice(0, end);
  }
}
