import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Device as DeviceMessage, type Session, SessionSchema } from "#gen/parley/auth/v1/auth_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { deviceId } from "#platform/runtime/ids.ts";
import type { Device, IssuedSession } from "../sessions.ts";

export function sessionMessage({ row, access, refreshToken }: IssuedSession): Session {
  return create(SessionSchema, {
    sessionId: row.sessionId,
    userId: row.userId,
    accessToken: access.token,
    accessExpiresAt: timestampFromMs(access.expiresAt),
    refreshToken,
    refreshExpiresAt: timestampFromMs(row.expiresAt),
  });
}

export function readDevice(device: DeviceMessage | undefined): Device {
  if (!device) throw platformErrors.INVALID_ARGUMENT({ message: "device is required" });
  return { deviceId: deviceId(device.id), name: device.name };
}
