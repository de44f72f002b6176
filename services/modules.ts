import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { gatewayModule } from "../gateway/module.ts";
import { authModule } from "./auth/module.ts";
import { backupModule } from "./backup/module.ts";
import { chatModule } from "./chat/module.ts";
import { mediaModule } from "./media/module.ts";
import { presenceModule } from "./presence/module.ts";
import { userModule } from "./user/module.ts";

/** Every module of the server, in any order: they start in the order of their needs. */
export const modules: readonly ModuleDefinition[] = [
  authModule,
  userModule,
  chatModule,
  presenceModule,
  mediaModule,
  backupModule,
  gatewayModule,
];

/** Schema of the store: one folder a service that keeps something there. */
export const storeMigrations: readonly Migrations[] = ["auth", "user", "chat", "presence", "media"].map(
  (component) => ({
    component,
    dir: fileURLToPath(new URL(`./${component}/stores/migrations/sqlite`, import.meta.url)),
  }),
);
