import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import type { Boot, ModuleDefinition } from "./module.ts";
import { inOrderOfNeeds, runModules } from "./run-modules.ts";

const module = (name: string, ...needs: string[]): ModuleDefinition => ({
  name,
  needs,
  start: async () => ({ stop: async () => {} }),
});

test("each module comes after those it needs, and once", () => {
  const ordered = inOrderOfNeeds([
    module("gateway", "chat", "auth"),
    module("chat", "user"),
    module("user"),
    module("auth", "user"),
  ]);
  expect(ordered.map(({ name }) => name)).toEqual(["user", "chat", "auth", "gateway"]);
});

test("a need that is missing, or goes round in a circle, is an error", () => {
  expect(() => inOrderOfNeeds([module("chat", "user")])).toThrow("chat needs user");
  expect(() => inOrderOfNeeds([module("a", "b"), module("b", "a")])).toThrow("a → b");
});

test("those hand over that another process runs, too; one that fails holds up nobody", async () => {
  const handed: string[] = [];
  const handing = (name: string): ModuleDefinition => ({
    name,
    needs: [],
    start: async () => ({
      stop: async () => {},
      async handOver() {
        handed.push(name);
        if (name === "chat") throw new Error("not now");
      },
    }),
  });
  const definitions = [handing("chat"), handing("user"), handing("auth"), module("media")];
  const running = await runModules(definitions, { logger: createLogger("silent") } as Boot);
  await running.handOver((name) => name !== "auth");
  expect(handed).toEqual(["chat", "user"]);
  await running.stop();
});
