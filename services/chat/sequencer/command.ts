import type { Event, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { ClientId, ConversationId, DeviceId, UserId } from "#platform/runtime/ids.ts";
import type { ConversationView } from "../views/conversation-view.ts";

/** A change that somebody asks for. The sequencer decides it against the state that all earlier events led to. */
export interface Command {
  readonly conversationId: ConversationId;
  /** Who asks, and the device: what the client id is unique within. */
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly clientId: ClientId;
  /** 16 bytes: tells a repetition from another command with the same client id. */
  readonly contentHash: Uint8Array;
  /** Whose roles the decision needs. */
  readonly users: readonly UserId[];
  readonly traceparent: string;
  /** Aborted once its caller no longer waits; then it is dropped, unless it was decided before or is repeated. */
  readonly signal: AbortSignal;
  /** Bytes that the command holds while it waits. */
  readonly size: number;
  /**
   * Decides without waiting for anything and without side effects; it may be asked again. Throws a row of `chatErrors`
   * to refuse.
   */
  decide(state: DecisionState): Decision;
}

/** The conversation as of all events decided so far, those of the group being built included. */
export interface DecisionState {
  /** Undefined where the conversation does not exist. */
  readonly conversation: ConversationView | undefined;
  roleOf(user: UserId): Role;
  /** Whether the message was deleted since its author and count were read. */
  isDeleted(seq: number): boolean;
  readonly nowMs: number;
}

export type Decision =
  /** Nothing is to be done: what is asked for is so already. */
  | { readonly kind: "nothing" }
  | {
      readonly kind: "event";
      readonly authorId: UserId;
      readonly body: Event["body"];
      /** When it happened; default now. Never before the previous event. */
      readonly timeMs?: number;
      readonly target?: { readonly authorId: string; readonly messageCount: number };
    };

/** What a command led to, durable. */
export interface Outcome {
  /** Number of its event, or the head where nothing was to be done. */
  readonly seq: number;
  readonly messageCount: number;
  readonly timeMs: number;
  /** Position to read beyond: the command's own, or a later one. */
  readonly position: number;
  /** An earlier command with the same client id did it. */
  readonly duplicate: boolean;
  /** False where nothing was to be done. */
  readonly happened: boolean;
}
