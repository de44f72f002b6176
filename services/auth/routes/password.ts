import { callingUser } from "#platform/rpc/identity.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";

export function passwordRoutes({
  accounts,
  credentials,
  sessions,
}: Pick<AuthDeps, "accounts" | "credentials" | "sessions">): Pick<AuthRoutes, "changePassword"> {
  return {
    async changePassword({ oldPassword, newPassword }, context) {
      const caller = callingUser(context);
      const account = await accounts.read(caller.userId);
      if (!account) throw authErrors.ACCOUNT_NOT_FOUND();
      await credentials.change(account, oldPassword, newPassword, context.signal);
      await sessions.endOthers(caller.userId, caller.sessionId);
      return {};
    },
  };
}
