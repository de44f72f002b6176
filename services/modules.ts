import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { BackupService } from "#gen/parley/backup/v1/backup_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { Migrations } from "#platform/engines/migrate.ts";
import { type Config, ConfigError } from "#platform/runtime/config.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import type { StoreMigrations } from "#platform/runtime/open-store.ts";
import type { OwnedMethods } from "#platform/runtime/owned-methods.ts";
import { gatewayModule } from "../gateway/module.ts";
import { authModule } from "./auth/module.ts";
import { remoteAuthModule } from "./auth/remote-module.ts";
import { backupModule } from "./backup/module.ts";
import { chatModule } from "./chat/module.ts";
import { projectorModule } from "./chat/projector-module.ts";
import { mediaModule } from "./media/module.ts";
import { presenceModule } from "./presence/module.ts";
import { userModule } from "./user/module.ts";

/** Every module of the server, in any order: they start in the order of their needs. */
export const modules: readonly ModuleDefinition[] = [
  authModule,
  userModule,
  projectorModule,
  chatModule,
  presenceModule,
  mediaModule,
  backupModule,
  gatewayModule,
];

/** Methods that the owner of what their request names answers at once, in whichever module. */
export const ownedMethods: OwnedMethods = new Map(modules.flatMap(({ owned }) => [...(owned ?? [])]));

/** What clients and operators call. Where a process does not run one, it passes its calls on. */
export function publicServices(config: Pick<Config, "log" | "store">): readonly DescService[] {
  const services = [AuthService, UserService, ChatService, DeliveryService, PresenceService, MediaService];
  return isInFiles(config) ? [...services, BackupService] : services;
}

/** Those of them that other processes run. */
export function servedElsewhere(config: Config): readonly DescService[] {
  const { targets } = config;
  if (targets === "all") return [];
  return publicServices(config).filter((service) => !targets.includes(moduleOf(service)));
}

/** Whether all data is in files: only those are backed up by the server itself. */
function isInFiles({ log, store }: Pick<Config, "log" | "store">): boolean {
  return log.kind === "sqlite" && store.kind === "sqlite";
}

/** Which module runs a service that other processes call. */
const homes: ReadonlyMap<DescService, string> = new Map<DescService, string>([
  [AuthService, "auth"],
  [UserService, "user"],
  [ChatService, "chat"],
  [DeliveryService, "gateway"],
  [PresenceService, "presence"],
  [MediaService, "media"],
  [BackupService, "backup"],
  [LogService, "chat"],
]);

/** Name of the module that runs a service. */
export function moduleOf(service: DescService): string {
  const name = homes.get(service);
  if (name === undefined) throw new Error(`no module runs ${service.typeName}`);
  return name;
}

/** Whether one of the process's modules keeps something in the store: all do but the gateway. */
export function needsStore({ targets }: Pick<Config, "targets">): boolean {
  return targets === "all" || targets.some((name) => name !== "gateway");
}

/** The modules of a process. Throws ConfigError where no process can be that. */
export function modulesOf(config: Pick<Config, "targets" | "log" | "store">): readonly ModuleDefinition[] {
  const { targets } = config;
  const known = isInFiles(config) ? modules : modules.filter(({ name }) => name !== backupModule.name);
  if (targets === "all") return known;
  const names = known.map(({ name }) => name);
  const unknown = targets.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`PARLEY_TARGETS: there is no module "${unknown}". There are all, ${names.join(", ")}.`);
  }
  const here = known.filter(({ name }) => targets.includes(name));
  return needingOnly(targets.includes(authModule.name) ? here : [remoteAuthModule, ...here]);
}

/** What a module needs may run in another process: only what runs here is waited for here. */
function needingOnly(here: readonly ModuleDefinition[]): readonly ModuleDefinition[] {
  const names = here.map(({ name }) => name);
  return here.map((module) => ({ ...module, needs: module.needs.filter((need) => names.includes(need)) }));
}

/** Schema of the store, on each engine: one folder a service that keeps something there. */
export const storeMigrations: StoreMigrations = { sqlite: foldersOf("sqlite"), cql: foldersOf("cql") };

function foldersOf(engine: keyof StoreMigrations): readonly Migrations[] {
  return ["auth", "user", "chat", "presence", "media"].map((component) => ({
    component,
    dir: fileURLToPath(new URL(`./${component}/stores/migrations/${engine}`, import.meta.url)),
  }));
}
