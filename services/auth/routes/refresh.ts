import { clientId } from "#platform/runtime/ids.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { sessionMessage } from "./messages.ts";

export function refreshRoutes({ sessions }: Pick<AuthDeps, "sessions">): Pick<AuthRoutes, "refreshSession"> {
  return {
    async refreshSession(request) {
      return { session: sessionMessage(await sessions.refresh(request.refreshToken, clientId(request.clientId))) };
    },
  };
}
