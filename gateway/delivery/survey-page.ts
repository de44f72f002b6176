import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import { type MembershipChange, usersAdded, usersRemoved } from "./membership.ts";

/** Numbers of one conversation, ends included. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** A change of somebody's membership, and where. */
export interface SurveyedChange extends MembershipChange {
  readonly conversationId: ConversationId;
  readonly position: number;
}

/** Where the events of one conversation stand, in order. */
interface Places {
  readonly positions: number[];
  readonly seqs: number[];
}

/** What stands at the positions from `first` to `last` of one shard: numbers, and changes of memberships. */
export class SurveyPage {
  readonly first: number;
  last: number;
  readonly #places = new Map<ConversationId, Places>();
  readonly #changes = new Map<UserId, SurveyedChange[]>();

  constructor(first: number) {
    this.first = first;
    this.last = first - 1;
  }

  /** Adds what stands at a position above all others. */
  add(position: number, conversationId: ConversationId, event: Event): void {
    const seq = Number(event.seq);
    const places = this.#places.get(conversationId) ?? { positions: [], seqs: [] };
    this.#places.set(conversationId, places);
    places.positions.push(position);
    places.seqs.push(seq);
    this.#note(usersAdded(event), { conversationId, position, seq, added: true });
    this.#note(usersRemoved(event), { conversationId, position, seq, added: false });
  }

  changesOf(user: UserId): readonly SurveyedChange[] {
    return this.#changes.get(user) ?? [];
  }

  /** The numbers of the conversation at the positions above `from` up to `to`. */
  run(id: ConversationId, from: number, to: number): Run | undefined {
    const places = this.#places.get(id);
    if (!places) return undefined;
    const first = places.seqs[countUpTo(places.positions, from)];
    const last = places.seqs[countUpTo(places.positions, to) - 1];
    return first === undefined || last === undefined || first > last ? undefined : { from: first, to: last };
  }

  #note(users: readonly UserId[], change: SurveyedChange): void {
    for (const user of users) {
      const known = this.#changes.get(user);
      if (known) known.push(change);
      else this.#changes.set(user, [change]);
    }
  }
}

/** How many of the rising numbers are at most `limit`. */
function countUpTo(rising: readonly number[], limit: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
