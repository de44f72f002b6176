import { userId } from "#platform/runtime/ids.ts";
import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";
import { operatorIssuer } from "../external-accounts.ts";
import { readDevice, sessionMessage } from "./messages.ts";

export function operatorRoutes({
  accounts,
  externalAccounts,
  sessions,
}: Pick<AuthDeps, "accounts" | "externalAccounts" | "sessions">): Pick<AuthRoutes, "createAccounts" | "issueSession"> {
  return {
    async createAccounts(request) {
      const people = request.accounts.map(({ externalId, displayName }) => ({ subject: externalId, displayName }));
      return { userIds: await externalAccounts(operatorIssuer, people) };
    },

    async issueSession(request) {
      const user = userId(request.userId);
      if (!(await accounts.read(user))) throw authErrors.ACCOUNT_NOT_FOUND();
      return { session: sessionMessage(await sessions.start(user, readDevice(request.device))) };
    },
  };
}
