import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { root, runCommand } from "../command.ts";
import { MissingEngine } from "./programs.ts";
import { provideEngine } from "./provide-engine.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-path-"));
  vi.stubEnv("PATH", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("an engine that a URL gives is taken as it is and left alone", async () => {
  vi.stubEnv("TEST_NATS", "nats://nats.test:4222");
  vi.stubEnv("TEST_NATS_MONITOR", "http://nats.test:8222");
  const engine = await provideEngine("nats");
  expect(engine).toMatchObject({ url: "nats://nats.test:4222", monitors: ["http://nats.test:8222"] });
  await engine.stop();
});

test("a missing engine is told in a sentence that says what to do", async () => {
  const missing = provideEngine("redis");
  await expect(missing).rejects.toBeInstanceOf(MissingEngine);
  await expect(missing).rejects.toThrow(
    "No redis: redis-server 6.2.0 or newer is not on PATH, and this user may not install it with apt; Docker Compose " +
      "does not run here either. Install one, or set TEST_REDIS to the URL of one that tests may use.",
  );
});

test("a program that is too old is as good as none", async () => {
  const program = join(folder, "redis-server");
  writeFileSync(program, "#!/bin/sh\necho 'Redis server v=6.0.16 sha=00000000:0'\n");
  chmodSync(program, 0o755);
  await expect(provideEngine("redis")).rejects.toThrow("redis-server 6.2.0 or newer is not on PATH");
});

test("tests on a missing engine are skipped by name, and fail in CI", async () => {
  symlinkSync(process.execPath, join(folder, "node"));
  const suite = async (CI: string) => {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const command = [
      process.execPath,
      vitest,
      "run",
      "platform/testing/engines.test.ts",
      "--reporter=verbose",
    ] as const;
    const { code, stdout, stderr } = await runCommand(command, {
      env: { PATH: folder, CI, NO_COLOR: "1", FORCE_COLOR: "" },
    });
    return { code, printed: stdout + stderr };
  };
  const user = await suite("");
  expect(user.printed).toMatch(/↓ .*one engine > not run: No redis: /);
  expect(user.code).toBe(0);
  const ci = await suite("true");
  expect(ci.printed).toContain("MissingEngine: No redis: ");
  expect(ci.code).toBe(1);
});
