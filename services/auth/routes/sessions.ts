import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { callingUser } from "#platform/rpc/identity.ts";
import { typedFailure } from "#platform/rpc/typed-failure.ts";
import { sessionId, userId } from "#platform/runtime/ids.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";
import { inTime } from "../in-time.ts";

/** How long one of many sessions may take to be looked up: well within what those who ask wait for all of them. */
export const lookUpMs = 2_000;

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
      const states = await Promise.all(
        request.sessions.map((entry) => stateOf(sessions.isLive(userId(entry.userId), sessionId(entry.sessionId)))),
      );
      const idsOf = (state: SessionState) =>
        request.sessions.filter((_, index) => states[index] === state).map(({ sessionId }) => sessionId);
      return { endedSessionIds: idsOf("ended"), unknownSessionIds: idsOf("unknown") };
    },
  };
}

type SessionState = "live" | "ended" | "unknown";

/** What is found of one session of many; that its row can't be read is no failure of the others. */
async function stateOf(isLive: Promise<boolean>): Promise<SessionState> {
  try {
    const found = await inTime(isLive, lookUpMs, () => undefined);
    if (found === undefined) return "unknown";
    return found ? "live" : "ended";
  } catch (error) {
    if (typedFailure(error, () => {}).code !== Code.Unavailable) throw error;
    return "unknown";
  }
}
