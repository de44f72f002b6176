import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Stack, startStack } from "../../../services/testing/stack.ts";
import { runCli } from "../cli.ts";

let folder: string;
let stack: Stack | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-backup-command-"));
});
afterEach(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true });
});

async function parley(url: string, person: string, args: readonly string[], input = "") {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const env = { PARLEY_URL: url, PARLEY_HOME: join(folder, person), PARLEY_LOG_LEVEL: "error" };
  const io = { stdin, stdout, stderr, env, signal: new AbortController().signal };
  const code = await runCli(args, io);
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr) };
}

test("what two people said is there after backup and restore", async () => {
  stack = await startStack({ PARLEY_DATA: join(folder, "data") });
  for (const person of ["ada", "bob"]) {
    expect(
      (await parley(stack.url, person, ["register", person, "--password-stdin"], `word of ${person}\n`)).code,
    ).toBe(0);
  }
  await parley(stack.url, "ada", ["send", "bob", "kept"]);
  const key = ["--key-file", join(folder, "data", "keys", "operator.key")];
  const backup = join(folder, "backup");
  expect(await parley(stack.url, "ada", ["backup", backup, ...key])).toMatchObject({ code: 0, err: "" });
  expect((await parley(stack.url, "ada", ["backup", backup, ...key])).err).toContain("is not empty");
  await stack.stop();

  const restored = await parley(stack.url, "ada", ["restore", backup, "--data", join(folder, "restored")]);
  expect(restored).toMatchObject({ code: 0, out: expect.stringContaining("incarnation 2 begins") });
  expect((await parley(stack.url, "ada", ["restore", backup, "--data", join(folder, "data")])).code).toBe(1);

  stack = await startStack({ PARLEY_DATA: join(folder, "restored"), PARLEY_LISTEN: new URL(stack.url).host });
  const { out } = await parley(stack.url, "bob", ["history", "ada", "--json"]);
  expect(JSON.parse(out)).toMatchObject({ text: "kept", seq: "2" });
});
