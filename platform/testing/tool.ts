import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "vitest";

/** A program that a test needs is not installed, on a machine that must have it. */
export class MissingTool extends Error {
  override readonly name = "MissingTool";
}

/**
 * Where a program that not every machine has stands on PATH. Absent: undefined on a user's machine, where the tests that
 * need it are skipped and named in the summary; with `CI=true` it throws MissingTool.
 */
export function requireTool(name: string): string | undefined {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (!path && process.env.CI === "true") throw new MissingTool(`${name} is not on PATH`);
  return path;
}

/** `test` where all the tools are there; else a skipped test whose title names what is missing. */
export function testWithTools(tools: readonly string[], title: string, run: () => Promise<void>, timeoutMs?: number) {
  const missing = tools.filter((tool) => !requireTool(tool));
  if (missing.length === 0) test(title, run, timeoutMs);
  else test.skip(`${title} (not run: ${missing.join(", ")} not on PATH)`, run);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
