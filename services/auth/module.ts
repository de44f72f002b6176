import { join } from "node:path";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { minuteMs } from "#platform/rpc/budgets.ts";
import { type Config, ConfigError } from "#platform/runtime/config.ts";
import type { Boot, Module, ModuleDefinition } from "#platform/runtime/module.ts";
import { createAccessTokens } from "./access-token.ts";
import { createAuthenticator } from "./authenticator.ts";
import { createLogCodeSender } from "./code-sender-log.ts";
import { createCodes } from "./codes.ts";
import { createCredentials } from "./credentials.ts";
import { createExternalAccounts, operatorIssuer } from "./external-accounts.ts";
import { createAccountMaker } from "./new-accounts.ts";
import { openOperatorKey } from "./operator-key.ts";
import { createPasswords } from "./password.ts";
import { createRefreshTokens } from "./refresh-token.ts";
import { createRegistration } from "./registration.ts";
import { authRoutes } from "./routes.ts";
import { createSessions } from "./sessions.ts";
import { openAuthStores } from "./stores/open-stores.ts";
import { createTrustedIssuer } from "./trusted-issuer.ts";

/** Accounts, sessions and the authenticator of the edge. */
export const authModule: ModuleDefinition = { name: "auth", needs: ["user"], start: startAuth };

async function startAuth(boot: Boot): Promise<Module> {
  const { config, clock, bus, logger } = boot;
  const { trusted, issuer, audience, accessTtlMs, refreshTtlMs, sessionMaxMs } = config.auth;
  refuseAmbiguousIssuer(config);
  const stores = openAuthStores(boot.store);
  const { accounts } = stores;
  const accessTokens = await createAccessTokens({
    seed: await boot.keys.read("access.key"),
    issuer,
    audience,
    ttlMs: accessTtlMs,
    clock,
  });
  const sessions = createSessions({
    store: stores.sessions,
    accessTokens,
    refreshTokens: createRefreshTokens(await boot.keys.read("refresh.key")),
    bus,
    clock,
    accessTtlMs,
    refreshTtlMs,
    sessionMaxMs,
    refreshBudget: boot.budgets.create("refresh", config.limits.loginsPerMinute, minuteMs),
  });
  const passwords = await createPasswords();
  const makeAccounts = createAccountMaker(accounts, boot.peer(UserService));
  const externalAccounts = createExternalAccounts(accounts, makeAccounts, clock);
  const authenticator = createAuthenticator({
    accessTokens,
    sessions,
    operatorKey: openOperatorKey(join(config.keysDir, "operator.key")),
    trustedIssuer: trusted && createTrustedIssuer(trusted, externalAccounts, clock),
    bus,
    clock,
  });
  const codes = createCodes({
    accounts,
    store: stores.codes,
    sender: createLogCodeSender(logger),
    clock,
    key: await boot.keys.read("code.key"),
  });
  const credentials = createCredentials(accounts, passwords);
  const register = createRegistration({ accounts, makeAccounts, passwords, clock });
  boot.serve(
    AuthService,
    authRoutes({
      accounts,
      authenticator,
      issuing: config.auth,
      codes,
      credentials,
      externalAccounts,
      register,
      sessions,
    }),
  );
  boot.authenticateWith(authenticator);
  return {
    async stop() {
      authenticator.close();
    },
  };
}

function refuseAmbiguousIssuer({ auth: { trusted, issuer } }: Config): void {
  if (trusted?.issuer === issuer) throw new ConfigError("PARLEY_TRUSTED_ISSUER must differ from PARLEY_ISSUER.");
  if (trusted?.issuer === operatorIssuer) throw new ConfigError(`PARLEY_TRUSTED_ISSUER can't be "${operatorIssuer}".`);
}
