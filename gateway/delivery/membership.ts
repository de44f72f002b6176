import { ConversationKind, type Event } from "#gen/parley/chat/v1/events_pb.js";
import type { EventKind } from "#platform/log/following.ts";
import { type UserId, userId } from "#platform/runtime/ids.ts";

/** A run of `seq` during which somebody is a member: from the adding event to the removing one, both included. */
export interface Interval {
  readonly from: number;
  /** Infinite while the membership lasts. */
  readonly to: number;
}

/** An event that begins or ends somebody's membership. */
export interface MembershipChange {
  readonly seq: number;
  readonly added: boolean;
}

/** Where an event stands in a membership; `first` adds the member, `last` removes them. */
export type Placement = "outside" | "first" | "inside" | "last";

/**
 * One user's membership of one conversation, as far as streams care: not what they may look up, but from when to when
 * they are told. Changes may be learned in any order and more than once; the result is the same.
 */
export class Membership {
  /** UNSPECIFIED until it is known. */
  kind = ConversationKind.UNSPECIFIED;
  #changes: MembershipChange[] = [];
  #intervals: Interval[] = [];
  /** Where the membership that lasts began; none lasts: infinite. */
  #lastsSince = Number.POSITIVE_INFINITY;

  /** True if the change was not known. */
  learn(change: MembershipChange): boolean {
    if (this.#changes.some(({ seq }) => seq === change.seq)) return false;
    this.#changes = [...this.#changes, change].sort((a, b) => a.seq - b.seq);
    this.#intervals = intervalsOf(this.#changes);
    const last = this.#intervals.at(-1);
    this.#lastsSince = last?.to === Number.POSITIVE_INFINITY ? last.from : Number.POSITIVE_INFINITY;
    return true;
  }

  /** Whether the membership lasts, as far as is known. */
  get lasts(): boolean {
    return this.#lastsSince < Number.POSITIVE_INFINITY;
  }

  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  place(seq: number): Placement {
    if (seq > this.#lastsSince) return "inside";
    for (let index = this.#intervals.length - 1; index >= 0; index--) {
      const interval = this.#intervals[index];
      if (!interval || seq < interval.from) continue;
      if (seq > interval.to) return "outside";
      if (seq === interval.to) return "last";
      return seq === interval.from ? "first" : "inside";
    }
    return "outside";
  }

  /** `seq` of the first change above `seq`; infinite where none is known. */
  changeAbove(seq: number): number {
    return this.#changes.find((change) => change.seq > seq)?.seq ?? Number.POSITIVE_INFINITY;
  }
}

/** A removal without an addition ends a membership that began before what is known. */
function intervalsOf(changes: readonly MembershipChange[]): Interval[] {
  const intervals: Interval[] = [];
  for (const { seq, added } of changes) {
    const last = intervals.at(-1);
    const isOpen = last?.to === Number.POSITIVE_INFINITY;
    if (added && !isOpen) intervals.push({ from: seq, to: Number.POSITIVE_INFINITY });
    if (!added && last && isOpen) intervals[intervals.length - 1] = { from: last.from, to: seq };
    if (!added && !isOpen) intervals.push({ from: last ? last.to + 1 : 0, to: seq });
  }
  return intervals;
}

/** Whether events of this kind begin or end memberships. */
export function changesMembership(kind: EventKind): boolean {
  return kind === "conversationCreated" || kind === "membersAdded" || kind === "memberRemoved";
}

/** Whose membership an event begins. */
export function usersAdded({ body }: Event): UserId[] {
  if (body.case !== "conversationCreated" && body.case !== "membersAdded") return [];
  return body.value.members.map((member) => userId(member.userId));
}

/** Whose membership an event ends. */
export function usersRemoved({ body }: Event): UserId[] {
  return body.case === "memberRemoved" ? [userId(body.value.userId)] : [];
}
