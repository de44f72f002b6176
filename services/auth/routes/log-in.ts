import type { AuthDeps, AuthRoutes } from "../deps.ts";
import { authErrors } from "../errors.ts";
import { readDevice, sessionMessage } from "./messages.ts";

export function logInRoutes({
  accounts,
  credentials,
  sessions,
}: Pick<AuthDeps, "accounts" | "credentials" | "sessions">): Pick<AuthRoutes, "logIn"> {
  return {
    async logIn({ device, identifier, password }, { signal }) {
      const account = await credentials.check(identifier?.kind ?? { case: undefined }, password, signal);
      const issued = await sessions.start(account.userId, readDevice(device));
      // A change of the password in between ended all sessions that it saw; this one it may not have seen.
      const standing = await accounts.read(account.userId);
      if (standing?.passwordHash !== account.passwordHash) {
        await sessions.end(account.userId, issued.row.sessionId);
        throw authErrors.WRONG_CREDENTIALS();
      }
      return { session: sessionMessage(issued) };
    },
  };
}
