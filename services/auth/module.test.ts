import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ConfigError } from "#platform/runtime/config.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { storeMigrations } from "../modules.ts";
import { startStack } from "../testing/stack.ts";
import { userModule } from "../user/module.ts";
import { authModule } from "./module.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-auth-module-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const start = (settings: Record<string, string> = {}) =>
  startStack({ PARLEY_DATA: dir, ...settings }, { modules: [userModule, authModule], storeMigrations });

test("keys are made at the first start, for their owner's eyes, and every token outlives a restart", async () => {
  const first = await start();
  const { session, userId } = await first.registerUser("marvin");
  const operatorKey = readFileSync(join(dir, "keys", "operator.key"), "utf8").trim();
  await first.stop();
  for (const name of readdirSync(join(dir, "keys"))) {
    expect(statSync(join(dir, "keys", name)).mode & 0o777, name).toBe(0o600);
  }

  const second = await start();
  const me = second.client(AuthService, { token: session.accessToken });
  expect(await me.getAccount({})).toMatchObject({ userId });
  const { refreshToken } = session;
  const refreshed = await second.client(AuthService).refreshSession({ clientId: uuidv7(), refreshToken });
  expect(refreshed.session).toMatchObject({ userId, sessionId: session.sessionId });
  const operator = second.client(AuthService, { token: operatorKey });
  const device = { id: crypto.randomUUID(), name: "" };
  const issued = await operator.issueSession({ clientId: uuidv7(), userId, device });
  expect(issued.session).toMatchObject({ userId });
  await second.stop();
});

test("an operator key that others can read keeps the server from starting", async () => {
  await (await start()).stop();
  chmodSync(join(dir, "keys", "operator.key"), 0o644);
  const failure = await start().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({ message: expect.stringContaining("can be read by others") });
});

test("a trusted issuer that can't be told from the installation's own is refused", async () => {
  for (const issuer of ["parley", "operator"]) {
    const settings = {
      PARLEY_TRUSTED_ISSUER: issuer,
      PARLEY_TRUSTED_AUDIENCE: "chat",
      PARLEY_TRUSTED_JWKS: "http://127.0.0.1:1/jwks.json",
    };
    await expect(start(settings)).rejects.toBeInstanceOf(ConfigError);
  }
});
