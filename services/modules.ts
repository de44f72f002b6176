import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";

/** Every module of the server, in any order: they start in the order of their needs. */
export const modules: readonly ModuleDefinition[] = [];

/** Schema of the store: one folder a service that keeps something there. */
export const storeMigrations: readonly Migrations[] = ["auth", "user", "chat", "media"]
  .map((component) => ({
    component,
    dir: fileURLToPath(new URL(`./${component}/stores/migrations/sqlite`, import.meta.url)),
  }))
  .filter(({ dir }) => existsSync(dir));
