import type { AuthDeps, AuthRoutes } from "./deps.ts";
import { accountRoutes } from "./routes/account.ts";
import { authenticateRoutes } from "./routes/authenticate.ts";
import { codeRoutes } from "./routes/codes.ts";
import { logInRoutes } from "./routes/log-in.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { passwordRoutes } from "./routes/password.ts";
import { refreshRoutes } from "./routes/refresh.ts";
import { registerRoutes } from "./routes/register.ts";
import { sessionRoutes } from "./routes/sessions.ts";

export function authRoutes(deps: AuthDeps): AuthRoutes {
  return {
    ...registerRoutes(deps),
    ...logInRoutes(deps),
    ...refreshRoutes(deps),
    ...authenticateRoutes(deps),
    ...sessionRoutes(deps),
    ...passwordRoutes(deps),
    ...accountRoutes(deps),
    ...codeRoutes(deps),
    ...operatorRoutes(deps),
  };
}
