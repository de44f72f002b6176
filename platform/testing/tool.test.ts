import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MissingTool, requireTool } from "./tool.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-tool-"));
  vi.stubEnv("PATH", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("a program on PATH is found", () => {
  const path = join(folder, "frobnicate");
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
  expect(requireTool("frobnicate")).toBe(path);
});

test("a missing program is told on a user's machine and fails in CI", () => {
  vi.stubEnv("CI", "");
  expect(requireTool("frobnicate")).toBeUndefined();
  vi.stubEnv("CI", "true");
  expect(() => requireTool("frobnicate")).toThrow(MissingTool);
});
