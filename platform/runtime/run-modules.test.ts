import { expect, test } from "vitest";
import type { ModuleDefinition } from "./module.ts";
import { inOrderOfNeeds } from "./run-modules.ts";

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
