import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../platform/testing/until.ts";
import { type Stack, startStack } from "../../../services/testing/stack.ts";
import { runParley, startParley } from "../testing/run.ts";

let folder: string;
let stack: Stack;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-recover-command-"));
  stack = await startStack({ PARLEY_DATA: join(folder, "data") });
});
afterEach(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

async function startAgain(): Promise<void> {
  stack = await startStack({ PARLEY_DATA: join(folder, "data"), PARLEY_LISTEN: new URL(stack.url).host });
}

const as = (person: string, argv: string[], input?: string) => runParley(stack.url, join(folder, person), argv, input);

/** Follows what happens, as the one who is told of a recovery, until `reached`. */
async function tailUntil(person: string, reached: () => Promise<string>): Promise<void> {
  const tail = startParley(stack.url, join(folder, person), "tail", "--json");
  await until(reached);
  tail.interrupt();
  await tail.ended;
}

test("after a recovery, the outbox on disk brings back what the server lost", { timeout: 60_000 }, async () => {
  for (const person of ["ada", "bob"])
    await as(person, ["register", person, "--password-stdin"], `word of ${person}\n`);
  await as("ada", ["send", "bob", "kept"]);
  const heard = async () => (await as("bob", ["history", "ada", "--json"])).json.map(({ text }) => text);
  await stack.stop();
  cpSync(join(folder, "data"), join(folder, "older"), { recursive: true });
  await startAgain();
  const tail = startParley(stack.url, join(folder, "ada"), "tail", "--json");
  await as("ada", ["send", "bob", "lost"]);
  await until(() => (tail.stdout().includes("lost") ? "" : "not told"));
  tail.interrupt();
  await tail.ended;
  await stack.stop();
  rmSync(join(folder, "data"), { recursive: true });
  cpSync(join(folder, "older"), join(folder, "data"), { recursive: true });

  const data = ["--data", join(folder, "data")];
  expect(await as("ada", ["recover", ...data])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("--yes"),
  });
  const recovered = await as("ada", ["recover", ...data, "--yes"]);
  expect(recovered).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Incarnation 2 begins") });
  await startAgain();
  expect(await heard()).toEqual(["kept"]);
  await tailUntil("ada", async () => ((await heard()).includes("lost") ? "" : "not sent again"));
  expect(await heard()).toEqual(["kept", "lost"]);
});
