import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { BackupService } from "#gen/parley/backup/v1/backup_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { Migrations } from "#platform/engines/migrate.ts";
import { type Config, ConfigError } from "#platform/runtime/config.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { gatewayModule } from "../gateway/module.ts";
import { authModule } from "./auth/module.ts";
import { remoteAuthModule } from "./auth/remote-module.ts";
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

/** What clients and operators call. Where a process does not run one, it passes its calls on. */
export const publicServices: readonly DescService[] = [
  AuthService,
  UserService,
  ChatService,
  DeliveryService,
  PresenceService,
  MediaService,
  BackupService,
];

/** The modules of a process. Throws ConfigError where no process can be that. */
export function modulesOf({ targets }: Pick<Config, "targets">): readonly ModuleDefinition[] {
  if (targets === "all") return modules;
  const known = modules.map(({ name }) => name);
  const unknown = targets.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`PARLEY_TARGETS: there is no module "${unknown}". There are all, ${known.join(", ")}.`);
  }
  if (targets.join() !== "gateway") {
    throw new ConfigError('PARLEY_TARGETS is "all" or "gateway": on SQLite, one process holds all the data.');
  }
  return [remoteAuthModule, { ...gatewayModule, needs: [remoteAuthModule.name] }];
}

/** Schema of the store: one folder a service that keeps something there. */
export const storeMigrations: readonly Migrations[] = ["auth", "user", "chat", "presence", "media"].map(
  (component) => ({
    component,
    dir: fileURLToPath(new URL(`./${component}/stores/migrations/sqlite`, import.meta.url)),
  }),
);
