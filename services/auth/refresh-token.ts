import { createHmac, timingSafeEqual } from "node:crypto";
import { type SessionId, sessionId, type UserId, userId } from "#platform/runtime/ids.ts";

/** What a refresh token stands for: the nth one of a session. */
export interface RefreshGrant {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly generation: number;
}

/**
 * Refresh tokens: opaque to callers, and nowhere stored. A token is its grant and an HMAC over it, so the server can
 * make the same one again for a caller whose answer was lost, and tells a used token from one it never made. Whether
 * the generation is still good is the session's row to say.
 */
export interface RefreshTokens {
  make(grant: RefreshGrant): string;
  /** The grant, or undefined where the token was not made under this key. */
  read(token: string): RefreshGrant | undefined;
}

const prefix = "prt_";
const grantBytes = 36;
const macBytes = 32;

export function createRefreshTokens(key: Uint8Array): RefreshTokens {
  const macOf = (grant: Uint8Array) => createHmac("sha256", key).update("refresh").update(grant).digest();
  return {
    make(grant) {
      const bytes = encodeGrant(grant);
      return prefix + Buffer.concat([bytes, macOf(bytes)]).toString("base64url");
    },
    read(token) {
      const bytes = Buffer.from(token.slice(prefix.length), "base64url");
      if (!token.startsWith(prefix) || bytes.length !== grantBytes + macBytes) return undefined;
      const grant = bytes.subarray(0, grantBytes);
      return timingSafeEqual(bytes.subarray(grantBytes), macOf(grant)) ? decodeGrant(grant) : undefined;
    },
  };
}

function encodeGrant({ userId, sessionId, generation }: RefreshGrant): Buffer {
  const bytes = Buffer.alloc(grantBytes);
  bytes.write(userId.replaceAll("-", ""), 0, "hex");
  bytes.write(sessionId.replaceAll("-", ""), 16, "hex");
  bytes.writeUInt32BE(generation, 32);
  return bytes;
}

function decodeGrant(bytes: Buffer): RefreshGrant {
  return {
    userId: userId(readUuid(bytes, 0)),
    sessionId: sessionId(readUuid(bytes, 16)),
    generation: bytes.readUInt32BE(32),
  };
}

function readUuid(bytes: Buffer, start: number): string {
  const hex = bytes.toString("hex", start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
