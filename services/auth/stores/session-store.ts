import type { ClientId, DeviceId, SessionId, UserId } from "#platform/runtime/ids.ts";

/** A signed-in device. Times are milliseconds since the epoch. */
export interface SessionRow {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly deviceId: DeviceId;
  readonly deviceName: string;
  readonly createdAt: number;
  /** When the refresh token of this generation was made. */
  readonly refreshedAt: number;
  /** The session ends then by itself, and the row may be dropped. */
  readonly expiresAt: number;
  /** Number of the refresh token that is good, from 1. 0: the session has none, its tokens come from elsewhere. */
  readonly generation: number;
  /** The call that made this generation; empty for the first. */
  readonly rotatedBy: ClientId | "";
  /** When the session was ended. 0: it was not. */
  readonly endedAt: number;
}

export interface Rotation {
  readonly rotatedBy: ClientId;
  readonly refreshedAt: number;
  readonly expiresAt: number;
}

/** Sessions. Partition: user id; clustering: session id. An ended session never lives again. */
export interface SessionStore {
  /** False where the session exists; then nothing changed. */
  insert(row: SessionRow): Promise<boolean>;
  /** The session, or undefined. */
  find(userId: UserId, sessionId: SessionId): Promise<SessionRow | undefined>;
  /** All rows of the user, ended ones too, in the order of their ids. */
  list(userId: UserId): Promise<SessionRow[]>;
  /** Moves the session from `generation` to the next. False: it is at another one, or has ended; nothing changed. */
  rotate(userId: UserId, sessionId: SessionId, generation: number, rotation: Rotation): Promise<boolean>;
  /** Puts the expiry of a living session off, never forward. Repeating it changes nothing. */
  extend(userId: UserId, sessionId: SessionId, expiresAt: number): Promise<void>;
  /** Ends the session; the row is kept until `keepUntil`. False: it had ended, or never was; nothing changed. */
  end(userId: UserId, sessionId: SessionId, endedAt: number, keepUntil: number): Promise<boolean>;
  /** Drops rows. Those that are not there are passed over. */
  remove(userId: UserId, sessionIds: readonly SessionId[]): Promise<void>;
}
