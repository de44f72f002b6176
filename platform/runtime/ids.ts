import { randomBytes } from "node:crypto";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** UUID of an account. */
export type UserId = Branded<"UserId">;
/** UUID of an installation of a client program; survives logins. */
export type DeviceId = Branded<"DeviceId">;
/** UUID of a signed-in device. */
export type SessionId = Branded<"SessionId">;
/** 24 characters of base64url: 2 bytes of shard, 16 random bytes. */
export type ConversationId = Branded<"ConversationId">;
/** UUIDv7 that a caller made for one change; equal for each repetition. */
export type ClientId = Branded<"ClientId">;

// UUIDs are the same in capitals (RFC 9562, section 4), and the contract lets callers write them so.
export const userId = (text: string): UserId => text.toLowerCase() as UserId;
export const deviceId = (text: string): DeviceId => text.toLowerCase() as DeviceId;
export const sessionId = (text: string): SessionId => text.toLowerCase() as SessionId;
export const conversationId = (text: string): ConversationId => text as ConversationId;
export const clientId = (text: string): ClientId => text.toLowerCase() as ClientId;

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random. */
export function uuidv7(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A new conversation id on `shard`. */
export function newConversationId(shard: number): ConversationId {
  const bytes = randomBytes(18);
  bytes.writeUInt16BE(shard, 0);
  return conversationId(bytes.toString("base64url"));
}

/** The shard that a conversation lives on: the first two bytes of its id. */
export function shardOf(id: ConversationId): number {
  return Buffer.from(id.slice(0, 3), "base64url").readUInt16BE(0);
}
