import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Stack, startStack } from "../../../services/testing/stack.ts";
import { runParley } from "../testing/run.ts";

let folder: string;
let stack: Stack;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-export-command-"));
  stack = await startStack({ PARLEY_DATA: join(folder, "data") });
});
afterEach(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const parley = (...argv: string[]) => runParley(stack.url, join(folder, "home"), argv);

test("export copies a server that runs, and then what is left; import says what it needs", async () => {
  const exported = ["export", join(folder, "moving"), "--data", join(folder, "data")];
  expect((await parley(...exported)).stdout).toContain("stop the server, export to the same folder");
  await stack.stop();
  expect((await parley(...exported)).stdout).toContain("nothing is missing");
  const imported = await parley("import", "installation", join(folder, "moving"));
  expect([imported.exitCode, imported.stderr]).toEqual([1, expect.stringContaining("set PARLEY_LOG=nats://")]);
}, 30_000);
