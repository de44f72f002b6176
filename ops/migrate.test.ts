import { expect, test } from "vitest";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { runCommand } from "./command.ts";

async function migrate(store: string, ...args: string[]) {
  const env = { PARLEY_STORE: store, PARLEY_LOG: "nats://127.0.0.1:4222/parley", PARLEY_LOG_LEVEL: "silent" };
  const { code, stdout, stderr } = await runCommand([process.execPath, "ops/migrate.ts", ...args], { env });
  return { code, said: `${stdout}${stderr}`.trim() };
}

test("a store is checked, migrated, and found to be up to date", { timeout: 120_000 }, async () => {
  const store = `${await engineUrl("cql")}/${freshName()}?replication=1`;
  const before = await migrate(store, "--check");
  expect(before).toMatchObject({ code: 1, said: expect.stringContaining("run npm run migrate") });
  const first = await migrate(store);
  expect(first).toMatchObject({ code: 0, said: expect.stringContaining("chat/0001-init.cql") });
  for (const args of [[], ["--check"]]) {
    expect(await migrate(store, ...args)).toEqual({ code: 0, said: "The schema is up to date." });
  }
});

test("what it can't do is told in one line", async () => {
  expect(await migrate("sqlite:")).toMatchObject({ said: expect.stringMatching(/PARLEY_|SQLite/) });
  const away = await migrate("cql://127.0.0.1:1/parley");
  expect(away.code).toBe(1);
  expect(away.said).toMatch(/^The store can't be reached at 127\.0\.0\.1:1: start it, or mend PARLEY_STORE.*$/);
  expect(await migrate("cql://127.0.0.1:1/parley", "--force")).toEqual({
    code: 1,
    said: 'npm run migrate takes --check alone, not "--force".',
  });
});
