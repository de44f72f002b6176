/** What a round leaves behind: what clients did and were told, and what the engines hold. Checks read nothing else. */
import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";

export type Verb = "send" | "edit" | "delete" | "add" | "remove" | "role" | "rename";

/** A change that a client asked for, with as many attempts as it took. Times are of one clock, the checker's. */
export interface Operation {
  readonly verb: Verb;
  readonly userId: string;
  readonly deviceId: string;
  readonly conversationId: string;
  readonly clientId: string;
  /** What a message or an edit says, the name that is given; "" for others. */
  readonly text: string;
  /** The message that an edit or a deletion is about. */
  readonly targetSeq?: number;
  /** Operations of one lane follow one another: none begins before the one before it has ended. */
  readonly lane: string;
  /** Its place in the lane. */
  readonly turn: number;
  readonly begunMs: number;
  endedMs: number;
  /** Each `seq` that an acknowledgement told. */
  readonly acknowledged: number[];
  /** When it was acknowledged first. */
  acknowledgedMs?: number;
  /** True once an attempt had an outcome that is not known: it may have taken effect whatever is told later. */
  unknown: boolean;
}

export interface Marks {
  readonly readSeq: number;
  readonly deliveredSeq: number;
}

/** What somebody was told of their marks by a call that set both to `askedSeq`, or left them where they were beyond. */
export interface AcknowledgedMark extends Marks {
  readonly userId: string;
  readonly conversationId: string;
  readonly askedSeq: number;
}

/** An event as somebody was given it. */
export interface Seen {
  readonly event: Event;
  readonly atMs: number;
}

/** Everything that one reader was given, of the conversations of the round. */
export interface Reading {
  readonly name: string;
  /** `live`: a stream that stays open; `resumed`: one that comes and goes; `replayed`, `listed`: afterwards. */
  readonly kind: "live" | "resumed" | "replayed" | "listed";
  readonly userId: string;
  readonly events: ReadonlyMap<string, ReadonlyMap<number, Seen>>;
}

/** The records that one server of the log holds, by shard. */
export interface Replica {
  readonly name: string;
  readonly shards: readonly (readonly LogRecord[])[];
}

/** A row of the store's table of events. */
export interface EventRow {
  readonly seq: number;
  readonly event: Uint8Array;
}

export interface SentRow {
  readonly userId: string;
  readonly deviceId: string;
  readonly clientId: string;
  readonly seq: number;
}

/** A message as its row has it. */
export interface MessageRow {
  readonly isDeleted: boolean;
  readonly posted: Uint8Array;
  /** Its last edit. */
  readonly edited: Uint8Array | undefined;
}

/** Columns of a row; lists are JSON. */
export type Columns = Readonly<Record<string, string | number>>;

/** What the store holds of one conversation. */
export interface StoredConversation {
  /** Undefined where it has no row. */
  readonly conversation: Columns | undefined;
  /** By user, who ever was a member. */
  readonly memberships: ReadonlyMap<string, Columns>;
  /** The role under which each user finds the conversation. */
  readonly rolesByUser: ReadonlyMap<string, number>;
  /** Messages that count as deleted. */
  readonly deletions: ReadonlySet<number>;
  /** How far each user has read, and has been given. */
  readonly marks: ReadonlyMap<string, Marks>;
  readonly events: readonly EventRow[];
  readonly sent: readonly SentRow[];
  readonly messages: ReadonlyMap<number, MessageRow>;
}

/** What is wrong, under the promise that it breaks. */
export interface Finding {
  readonly promise: PromiseName;
  readonly kind: FindingKind;
  readonly what: string;
}

export type FindingKind = "lost" | "doubled" | "reordered" | "leaked";
export type PromiseName = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "P8" | "P9" | "P10" | "P11" | "P13";

/** When, by the checker's clock, clients could not be served, and nothing promises that they were. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Evidence {
  readonly conversations: readonly string[];
  readonly operations: readonly Operation[];
  /** In the order in which they were told: of one user and conversation one after the other. */
  readonly marks: readonly AcknowledgedMark[];
  readonly replicas: readonly Replica[];
  readonly stored: ReadonlyMap<string, StoredConversation>;
  readonly readings: readonly Reading[];
  readonly outages: readonly Outage[];
  /** What was seen to be wrong while it happened. */
  readonly noticed: readonly Finding[];
}
