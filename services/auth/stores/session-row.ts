import { clientId, deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import type { Row } from "./account-rows.ts";
import type { SessionRow } from "./session-store.ts";

export function readSession(row: Row): SessionRow {
  return {
    userId: userId(String(row.user_id)),
    sessionId: sessionId(String(row.session_id)),
    deviceId: deviceId(String(row.device_id)),
    deviceName: String(row.device_name),
    createdAt: Number(row.created_at),
    refreshedAt: Number(row.refreshed_at),
    expiresAt: Number(row.expires_at),
    generation: Number(row.generation),
    rotatedBy: row.rotated_by === "" ? "" : clientId(String(row.rotated_by)),
    endedAt: Number(row.ended_at),
  };
}
