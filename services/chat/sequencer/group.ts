import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema, type Role } from "#gen/parley/chat/v1/events_pb.js";
import {
  type Entry,
  EntrySchema,
  HeaderSchema,
  type Record as LogRecord,
  RecordSchema,
} from "#gen/parley/log/v1/record_pb.js";
import { maxRecordBytes, maxRecordEntries } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { encodeEvent } from "#platform/log/tombstones.ts";
import { type ConversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import { applyToConversation, type ConversationView } from "../views/conversation-view.ts";
import { rolesSetBy } from "../views/membership-view.ts";
import type { Command, Decision } from "./command.ts";
import { mustGetIn } from "./log-room.ts";
import { deletedBy, type KnownConversation, maxDeleted } from "./sequencer-state.ts";

/** Largest event, encoded. */
export const maxEventBytes = 64 * 1024;
/** Room in a record for what surrounds its entries. */
const recordSlackBytes = 1024;
/** Room in an entry for its header. */
const headerBytes = 256;

export interface GroupStart {
  readonly shard: number;
  readonly tail: number;
  readonly epoch: number;
  readonly incarnation: number;
  /** Only what must get in is taken: the log is nearly full. */
  readonly isShort: boolean;
  readonly nowMs: number;
}

interface Draft {
  view: ConversationView | undefined;
  readonly known: KnownConversation;
  readonly roles: Map<UserId, Role>;
  readonly deleted: Set<number>;
}

/**
 * A group while it is built: decides commands on drafts of the conversations they touch. Nothing is committed before
 * `commit`; a group that is dropped leaves no trace.
 */
export class Group {
  readonly entries: FollowedEntry[] = [];
  readonly #start: GroupStart;
  readonly #drafts = new Map<ConversationId, Draft>();
  #bytes = recordSlackBytes;

  constructor(start: GroupStart) {
    this.#start = start;
  }

  /** Decides a command: its entry, or the head where nothing was to be done, or "full" where the group can't take it. */
  add(command: Command, known: KnownConversation, nowMs: number): FollowedEntry | "nothing" | "full" {
    const draft = this.#draft(command.conversationId, known);
    const decision = command.decide({
      conversation: draft.view,
      roleOf: (user) => draft.roles.get(user) ?? known.roles.get(user) ?? 0,
      isDeleted: (seq) => draft.deleted.has(seq) || known.deleted.has(seq),
      nowMs,
    });
    if (decision.kind === "nothing") return "nothing";
    if (this.#start.isShort && !mustGetIn(decision)) throw chatErrors.LOG_FULL();
    const lost = voidBefore(draft.view, this.#start.incarnation);
    const first = lost ? this.#entry(command, draft.view, lost, nowMs, false) : undefined;
    const view = first ? applyToConversation(draft.view, first) : draft.view;
    const entry = this.#entry(command, view, decision, nowMs, true, first ? 1 : 0);
    if (entry.bytes.length > maxEventBytes) throw chatErrors.EVENT_TOO_LARGE();
    const added = first ? [first, entry] : [entry];
    const bytes = added.reduce((sum, { bytes }) => sum + bytes.length + headerBytes, 0);
    if (this.#bytes + bytes > maxRecordBytes || this.entries.length + added.length > maxRecordEntries) return "full";
    this.#bytes += bytes;
    this.entries.push(...added);
    draft.view = applyToConversation(view, entry);
    for (const [user, role] of rolesSetBy(entry.event)) draft.roles.set(user, role);
    for (const seq of deletedBy(entry.event)) draft.deleted.add(seq);
    return entry;
  }

  /** The conversation as the group leaves it. */
  view(id: ConversationId): ConversationView | undefined {
    return this.#drafts.get(id)?.view;
  }

  record(): LogRecord {
    return create(RecordSchema, {
      position: BigInt(this.#start.tail + 1),
      epoch: BigInt(this.#start.epoch),
      incarnation: BigInt(this.#start.incarnation),
      timeMs: BigInt(this.#start.nowMs),
      entries: this.entries.map(({ bytes, header }): Entry => create(EntrySchema, { event: bytes, header })),
    });
  }

  /** Makes the group's effect the committed state. */
  commit(): void {
    for (const { known, view, roles, deleted } of this.#drafts.values()) {
      known.view = view;
      for (const seq of deleted) remember(known.deleted, seq);
      for (const [user, role] of roles) known.roles.set(user, role);
    }
  }

  #draft(id: ConversationId, known: KnownConversation): Draft {
    let draft = this.#drafts.get(id);
    if (!draft) {
      draft = { view: known.view, known, roles: new Map(), deleted: new Set() };
      this.#drafts.set(id, draft);
    }
    return draft;
  }

  #entry(
    command: Command,
    view: ConversationView | undefined,
    decision: Extract<Decision, { kind: "event" }>,
    nowMs: number,
    isAnswer: boolean,
    offset = 0,
  ): FollowedEntry {
    const event = numbered(command.conversationId, view, decision, nowMs);
    return {
      shard: this.#start.shard,
      position: this.#start.tail + this.entries.length + offset + 1,
      incarnation: this.#start.incarnation,
      conversationId: command.conversationId,
      seq: Number(event.seq),
      kind: event.body.case,
      event,
      bytes: encodeEvent(event),
      header: create(HeaderSchema, isAnswer ? headerOf(command, decision) : {}),
    };
  }
}

function numbered(
  id: ConversationId,
  view: ConversationView | undefined,
  { authorId, body, timeMs }: Extract<Decision, { kind: "event" }>,
  nowMs: number,
): Event {
  const seq = body.case === "void" ? body.value.to : BigInt((view?.headSeq ?? 0) + 1);
  const messages = (view?.messageCount ?? 0) + (body.case === "messagePosted" ? 1 : 0);
  return create(EventSchema, {
    conversationId: id,
    seq,
    time: timestampFromMs(Math.max(view?.headTimeMs ?? 0, timeMs ?? nowMs)),
    messageCount: BigInt(messages),
    authorId,
    body,
  });
}

function headerOf(command: Command, { target }: Extract<Decision, { kind: "event" }>) {
  return {
    deviceId: command.deviceId,
    clientId: command.clientId,
    contentHash: command.contentHash,
    userId: command.userId,
    traceparent: command.traceparent,
    ...(target ? { targetAuthorId: target.authorId, targetCount: BigInt(target.messageCount) } : {}),
  };
}

/** Where the log began a new life since the conversation's head: the numbers that the old one may have given out. */
function voidBefore(
  view: ConversationView | undefined,
  incarnation: number,
): Extract<Decision, { kind: "event" }> | undefined {
  if (!view || view.incarnation >= incarnation) return undefined;
  const value = { from: BigInt(view.headSeq + 1), to: BigInt(incarnation) * 2n ** 32n - 1n };
  const body = create(EventSchema, { body: { case: "void", value } }).body;
  return { kind: "event", authorId: userId(""), body };
}

/** Adds to a bounded set, letting go of what was added first. */
function remember(deleted: Set<number>, seq: number): void {
  deleted.add(seq);
  const [oldest] = deleted;
  if (deleted.size > maxDeleted && oldest !== undefined) deleted.delete(oldest);
}
