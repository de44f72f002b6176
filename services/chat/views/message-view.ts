import { create, fromBinary } from "@bufbuild/protobuf";
import { type Message, MessageSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import { isApplied } from "./conversation-view.ts";
import { isPost } from "./membership-view.ts";

/** A message as it is now. */
export interface MessageView {
  readonly conversationId: ConversationId;
  readonly seq: number;
  readonly messageCount: number;
  readonly authorId: string;
  /** The event that posted it, or its tombstone. */
  readonly posted: Uint8Array;
  /** The last edit's event; absent if never edited, and once deleted. */
  readonly edited: Uint8Array | undefined;
  /** Numbers of the edits, so that their content can be buried with the message. */
  readonly editSeqs: readonly number[];
  readonly deleted: boolean;
  readonly position: number;
  readonly incarnation: number;
}

/** The message that an entry posts, or undefined where it posts none. */
export function messageOf(entry: FollowedEntry): MessageView | undefined {
  if (!isPost(entry.event)) return undefined;
  return {
    conversationId: entry.conversationId,
    seq: entry.seq,
    messageCount: Number(entry.event.messageCount),
    authorId: entry.event.authorId,
    posted: entry.bytes,
    edited: undefined,
    editSeqs: [],
    deleted: entry.event.body.case === "tombstone",
    position: entry.position,
    incarnation: entry.incarnation,
  };
}

/** The message after an edit or a deletion of it; other entries change nothing. `tombstone` replaces `posted`. */
export function applyToMessage(view: MessageView, entry: FollowedEntry, tombstone: () => Uint8Array): MessageView {
  const { body } = entry.event;
  if (isApplied(view, entry)) return view;
  const stamp = { position: entry.position, incarnation: entry.incarnation };
  const target = BigInt(view.seq);
  if (body.case === "messageEdited" && body.value.targetSeq === target) {
    if (view.deleted) return view;
    return { ...view, ...stamp, edited: entry.bytes, editSeqs: [...view.editSeqs, entry.seq] };
  }
  if (body.case === "tombstone" && body.value.targetSeq === target && entry.seq !== view.seq) {
    return { ...view, ...stamp, editSeqs: [...view.editSeqs, entry.seq] };
  }
  if (body.case === "messageDeleted" && body.value.targetSeq === target) {
    return { ...view, ...stamp, posted: tombstone(), edited: undefined, deleted: true };
  }
  return view;
}

/** The message as callers get it. */
export function toMessage(view: MessageView): Message {
  const posted = fromBinary(EventSchema, view.posted);
  const edit = view.edited ? fromBinary(EventSchema, view.edited) : undefined;
  const content =
    edit?.body.case === "messageEdited"
      ? edit.body.value.content
      : posted.body.case === "messagePosted"
        ? posted.body.value.content
        : undefined;
  return create(MessageSchema, {
    conversationId: view.conversationId,
    seq: BigInt(view.seq),
    messageCount: BigInt(view.messageCount),
    authorId: view.authorId,
    ...(posted.time ? { time: posted.time } : {}),
    ...(content && !view.deleted ? { content } : {}),
    ...(edit?.time && !view.deleted ? { editedAt: edit.time } : {}),
    deleted: view.deleted,
  });
}
