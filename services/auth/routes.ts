import type { ServiceImpl } from "@connectrpc/connect";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import type { Codes } from "./codes.ts";
import type { Credentials } from "./credentials.ts";
import type { ExternalAccounts } from "./external-accounts.ts";
import type { Register } from "./registration.ts";
import { accountRoutes } from "./routes/account.ts";
import { codeRoutes } from "./routes/codes.ts";
import { logInRoutes } from "./routes/log-in.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { passwordRoutes } from "./routes/password.ts";
import { refreshRoutes } from "./routes/refresh.ts";
import { registerRoutes } from "./routes/register.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import type { Sessions } from "./sessions.ts";
import type { AccountStore } from "./stores/account-store.ts";

/** What the handlers stand on. */
export interface AuthDeps {
  readonly accounts: AccountStore;
  readonly codes: Codes;
  readonly credentials: Credentials;
  readonly externalAccounts: ExternalAccounts;
  readonly register: Register;
  readonly sessions: Sessions;
}

export type AuthRoutes = ServiceImpl<typeof AuthService>;

export function authRoutes(deps: AuthDeps): AuthRoutes {
  return {
    ...registerRoutes(deps),
    ...logInRoutes(deps),
    ...refreshRoutes(deps),
    ...sessionRoutes(deps),
    ...passwordRoutes(deps),
    ...accountRoutes(deps),
    ...codeRoutes(deps),
    ...operatorRoutes(deps),
  };
}
