import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { callingUser } from "#platform/rpc/identity.ts";
import { sessionId, userId } from "#platform/runtime/ids.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";

export function sessionRoutes({
  sessions,
}: Pick<AuthDeps, "sessions">): Pick<AuthRoutes, "logOut" | "listSessions" | "revokeSession" | "checkSessions"> {
  return {
    async logOut(_request, context) {
      const caller = callingUser(context);
      await sessions.end(caller.userId, caller.sessionId);
      return {};
    },

    async listSessions(_request, context) {
      const caller = callingUser(context);
      const rows = await sessions.list(caller.userId);
      return {
        sessions: rows.map((row) => ({
          sessionId: row.sessionId,
          device: { id: row.deviceId, name: row.deviceName },
          createdAt: timestampFromMs(row.createdAt),
          refreshedAt: timestampFromMs(row.refreshedAt),
          current: row.sessionId === caller.sessionId,
        })),
      };
    },

    async revokeSession(request, context) {
      const caller = callingUser(context);
      const ended = await sessions.end(caller.userId, sessionId(request.sessionId));
      if (!ended) throw authErrors.SESSION_NOT_FOUND();
      return {};
    },

    async checkSessions(request) {
      const checked = await Promise.all(
        request.sessions.map(async (entry) => {
          const live = await sessions.isLive(userId(entry.userId), sessionId(entry.sessionId));
          return live ? [] : [entry.sessionId];
        }),
      );
      return { endedSessionIds: checked.flat() };
    },
  };
}
