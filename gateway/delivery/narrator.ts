import type { MessageInitShape } from "@bufbuild/protobuf";
import { SkipReason, type SkipSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import type { EventKind, FollowedEntry } from "#platform/log/following.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import { type Item, itemAt, type LogPlace, plainItem } from "./frames.ts";
import type { Membership } from "./membership.ts";

/** Most conversations of which numbers are held back. */
const maxPendingSkips = 64;

/** Numbers that wait to be passed over, and where the first of them stands in the log. */
interface PendingSkip {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly shard: number;
  readonly position: number;
}

/** Whom a narrator has tell. */
export interface Teller {
  readonly identity: UserIdentity;
  push(item: Item): void;
  /** Whether a `sent` with this client id is still to be told. */
  tellsSent(clientId: string): boolean;
}

/**
 * Turns the entries of the log into what one stream is told: entries go in by rising position within a shard, frames
 * come out that leave no hole in any conversation. Numbers to pass over are held back and merged until the next frame
 * of their conversation; a frame that comes meanwhile covers its shard only up to before the first of them.
 */
export class Narrator {
  readonly #teller: Teller;
  #skips: Map<ConversationId, PendingSkip> | undefined;

  constructor(teller: Teller) {
    this.#teller = teller;
  }

  /** `item` is the shared frame of the entry's event. */
  tell(entry: FollowedEntry, item: Item, membership: Membership): void {
    const placement = membership.place(entry.seq);
    if (placement === "outside") return;
    const { conversationId, kind, seq } = entry;
    if (placement === "inside" && isQuiet(membership, kind)) {
      this.#skip(entry);
      return;
    }
    this.flushOf(conversationId);
    if (kind === "void") {
      this.#tellVoid(entry);
      return;
    }
    if (placement === "first") {
      this.#teller.push(plainItem({ case: "joined", value: { conversationId, baseSeq: BigInt(seq - 1) } }));
    }
    const clientId = isMessage(entry) ? this.#ownClientId(entry) : "";
    if (clientId !== "" && this.#teller.tellsSent(clientId)) {
      this.#teller.push(plainItem({ case: "sent", value: { clientId, conversationId, seq: BigInt(seq) } }));
    }
    if (placement === "last") {
      this.#teller.push({ ...item, position: 0 });
      this.#teller.push(this.#covered(itemAt(entry, { case: "left", value: { conversationId, toSeq: BigInt(seq) } })));
    } else {
      this.#teller.push(this.#covered(item));
    }
  }

  /** Tells that events are to be fetched; with it the stream comes to where `at` stands. */
  limit(run: { conversationId: ConversationId; from: number; to: number }, at: LogPlace): void {
    const { conversationId } = run;
    this.flushOf(conversationId);
    const value = { conversationId, fromSeq: BigInt(run.from), toSeq: BigInt(run.to) };
    this.#teller.push(this.#covered(itemAt(at, { case: "limited", value })));
  }

  /** Tells all numbers that are to be passed over. Frames that carry a token come after this. */
  flush(): void {
    for (const conversation of [...(this.#skips?.keys() ?? [])]) this.flushOf(conversation);
  }

  flushOf(conversationId: ConversationId): void {
    const skip = this.#skips?.get(conversationId);
    if (!skip) return;
    this.#skips?.delete(conversationId);
    this.#teller.push(
      skipItem({
        conversationId,
        fromSeq: BigInt(skip.fromSeq),
        toSeq: BigInt(skip.toSeq),
        reason: SkipReason.MEMBERSHIP,
      }),
    );
  }

  #skip({ conversationId, seq, shard, position }: FollowedEntry): void {
    this.#skips ??= new Map();
    const pending = this.#skips.get(conversationId) ?? { fromSeq: seq, shard, position };
    this.#skips.set(conversationId, { ...pending, toSeq: seq });
    if (this.#skips.size > maxPendingSkips) this.flush();
  }

  #tellVoid(entry: FollowedEntry): void {
    const { conversationId, event } = entry;
    if (event.body.case !== "void") return;
    const { from } = event.body.value;
    this.#teller.push(plainItem({ case: "reset", value: { conversationId, keepSeq: from - 1n } }));
    const value = { conversationId, fromSeq: from, toSeq: event.seq, reason: SkipReason.VOID };
    this.#teller.push(this.#covered(itemAt(entry, { case: "skip", value })));
  }

  /** Empty where it is somebody else's. */
  #ownClientId({ header }: FollowedEntry): string {
    return header.userId === this.#teller.identity.userId ? header.clientId : "";
  }

  #covered(item: Item): Item {
    if (!this.#skips || this.#skips.size === 0) return item;
    let position = item.position;
    for (const skip of this.#skips.values()) {
      if (skip.shard === item.shard) position = Math.min(position, skip.position - 1);
    }
    return position === item.position ? item : { ...item, position };
  }
}

/** A message, be it deleted by now. */
function isMessage(entry: FollowedEntry): boolean {
  if (entry.kind === "messagePosted") return true;
  if (entry.kind !== "tombstone") return false;
  const { body, seq } = entry.event;
  return body.case === "tombstone" && body.value.targetSeq === seq;
}

function skipItem(value: MessageInitShape<typeof SkipSchema>): Item {
  return plainItem({ case: "skip", value });
}

/** Whether the event tells of people who come or go, where that is not announced. */
export function isQuiet(membership: Membership, kind: EventKind): boolean {
  if (membership.kind !== ConversationKind.CHANNEL) return false;
  return kind === "membersAdded" || kind === "memberRemoved";
}
