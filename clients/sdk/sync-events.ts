import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Content, Event, Marks, Presence, Typing } from "./contract.ts";

/** Something that an application hears of while it is in sync. */
export type SyncEvent = ConversationEvent | EphemeralEvent | MembershipEvent | StateEvent;

/** Where and when an event of a conversation happened, and who caused it. */
export interface Happened {
  readonly conversationId: string;
  readonly seq: bigint;
  readonly authorId: string;
  readonly time: Date;
  /** The event itself. */
  readonly event: Event;
}

/** What members agree on, in the order of `seq`, each once. */
export type ConversationEvent = Happened &
  (
    | { readonly type: "message"; readonly content: Content; readonly messageCount: bigint }
    | { readonly type: "edited"; readonly targetSeq: bigint; readonly content: Content }
    | { readonly type: "deleted"; readonly targetSeq: bigint }
    /** Created, members, roles, name: see `event.body`. */
    | { readonly type: "changed" }
  );

/** What is true for a moment, or merges by itself. */
export type EphemeralEvent =
  | { readonly type: "mark"; readonly marks: Marks }
  | { readonly type: "typing"; readonly typing: Typing }
  | { readonly type: "presence"; readonly presence: Presence }
  | { readonly type: "sent"; readonly clientId: string; readonly conversationId: string; readonly seq: bigint };

/** Where conversations begin and end for the user. */
export type MembershipEvent =
  | { readonly type: "joined"; readonly conversationId: string; readonly baseSeq: bigint }
  | { readonly type: "left"; readonly conversationId: string; readonly toSeq: bigint }
  /** Drop what is held above `keepSeq`; without a conversation: drop everything and list again. */
  | { readonly type: "reset"; readonly conversationId: string | undefined; readonly keepSeq: bigint };

/** How the stream fares. */
export type StateEvent =
  | { readonly type: "state"; readonly state: "connecting" | "live" }
  /** `retryInMs` is not set where the stream does not come back by itself. */
  | { readonly type: "state"; readonly state: "offline"; readonly retryInMs?: number; readonly error?: unknown };

/** What an event of a conversation means to an application. */
export function interpret(event: Event): ConversationEvent {
  const { conversationId, seq, authorId, body } = event;
  const happened = { conversationId, seq, authorId, time: event.time ? timestampDate(event.time) : new Date(0), event };
  switch (body.case) {
    case "messagePosted":
      return body.value.content
        ? { ...happened, type: "message", content: body.value.content, messageCount: event.messageCount }
        : { ...happened, type: "changed" };
    case "messageEdited":
      return body.value.content
        ? { ...happened, type: "edited", targetSeq: body.value.targetSeq, content: body.value.content }
        : { ...happened, type: "changed" };
    case "messageDeleted":
    case "tombstone":
      return { ...happened, type: "deleted", targetSeq: body.value.targetSeq };
    default:
      return { ...happened, type: "changed" };
  }
}
