import { expect, test } from "vitest";
import { forbiddenImports } from "./boundaries.ts";

const project = [
  "platform/bus/bus.ts",
  "platform/bus/bus-memory.ts",
  "platform/log/event-log.ts",
  "platform/log/event-log-sqlite.ts",
  "services/chat/sequencer.ts",
  "services/chat/stores/chat-store.ts",
  "services/chat/stores/chat-store-sqlite.ts",
  "services/user/users.ts",
];

function faultsOf(path: string, source: string): string[] {
  return forbiddenImports(new Map([...project.map((file): [string, string] => [file, ""]), [path, source]]));
}

test.each([
  ["a service reaching into another", "services/chat/send.ts", 'import { x } from "../user/users.ts";'],
  ["a type from another service", "services/chat/send.ts", 'import type { X } from "../user/users.ts";'],
  ["an import over several lines", "services/chat/send.ts", 'import {\n  x,\n  y,\n} from "../user/users.ts";'],
  ["an export from another service", "services/chat/send.ts", 'export * from "../user/users.ts";'],
  ["an import at run time", "services/chat/send.ts", 'const users = await import("../user/users.ts");'],
  ["a worker of another service", "services/chat/send.ts", 'new Worker(new URL("../user/users.ts", import.meta.url));'],
  ["an import for its effect", "services/chat/send.ts", 'import "../user/users.ts";'],
  ["a service reaching into the gateway", "services/chat/send.ts", 'import { x } from "../../gateway/stream.ts";'],
  ["the platform knowing a service", "platform/rpc/server.ts", 'import { x } from "../../services/chat/sequencer.ts";'],
  ["the gateway knowing a service", "gateway/stream.ts", 'import { x } from "../services/chat/sequencer.ts";'],
  ["an adapter outside of module.ts", "services/chat/send.ts", 'import { x } from "./stores/chat-store-sqlite.ts";'],
  ["an adapter of the platform", "services/chat/send.ts", 'import { x } from "#platform/bus/bus-memory.ts";'],
  ["an adapter on one of another engine", "services/chat/stores/x-sqlite.ts", 'import "#platform/bus/bus-memory.ts";'],
  ["the SDK on the platform", "clients/sdk/client.ts", 'import { x } from "../../platform/bus/bus.ts";'],
  ["the SDK on a package", "clients/sdk/client.ts", 'import pino from "pino";'],
  ["the SDK for browsers on Node", "clients/sdk/client.ts", 'import { readFile } from "node:fs/promises";'],
  ["the terminal client on the platform", "clients/cli/send.ts", 'import { x } from "../../platform/bus/bus.ts";'],
  ["a folder without a rule", "clients/other/main.ts", ""],
])("%s is found", (_, path, source) => {
  expect(faultsOf(path, source)).toEqual([expect.stringContaining(path)]);
});

test.each([
  ["services/chat/module.ts", 'import { x } from "./stores/chat-store-sqlite.ts";'],
  ["services/chat/stores/chat-store-sqlite.test.ts", 'import { x } from "./chat-store-sqlite.ts";'],
  ["services/chat/send.ts", 'import { X } from "#gen/parley/chat/v1/chat_pb.js";\nimport { x } from "./sequencer.ts";'],
  ["services/chat/send.ts", 'import type { EventLog } from "#platform/log/event-log.ts";\nimport pino from "pino";'],
  ["services/user/stores/user-store-sqlite.ts", 'import { x } from "#platform/log/event-log-sqlite.ts";'],
  ["services/main.ts", 'import { x } from "./chat/sequencer.ts";\nimport { y } from "#platform/bus/bus-memory.ts";'],
  ["clients/sdk/client.ts", 'import { X } from "../../gen/parley/chat/v1/chat_pb.js";'],
  ["clients/sdk/node/store.ts", 'import { readFile } from "node:fs/promises";\nimport { x } from "../client.ts";'],
  ["clients/cli/send.ts", 'import { x } from "@parley/sdk/node";\nimport { Command } from "commander";'],
])("%s may import what it is for", (path, source) => {
  expect(faultsOf(path, source)).toEqual([]);
});
