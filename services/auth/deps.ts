import type { ServiceImpl } from "@connectrpc/connect";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import type { Config } from "#platform/runtime/config.ts";
import type { Codes } from "./codes.ts";
import type { Credentials } from "./credentials.ts";
import type { ExternalAccounts } from "./external-accounts.ts";
import type { Register } from "./registration.ts";
import type { Sessions } from "./sessions.ts";
import type { AccountStore } from "./stores/account-store.ts";

/** What the handlers stand on. */
export interface AuthDeps {
  readonly accounts: AccountStore;
  readonly authenticator: Authenticator;
  /** What is told to the processes that hold no accounts. */
  readonly issuing: Pick<Config["auth"], "issuer" | "audience" | "trusted">;
  readonly codes: Codes;
  readonly credentials: Credentials;
  readonly externalAccounts: ExternalAccounts;
  readonly register: Register;
  readonly sessions: Sessions;
}

export type AuthRoutes = ServiceImpl<typeof AuthService>;
