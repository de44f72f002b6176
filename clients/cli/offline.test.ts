import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { runParley } from "./testing/run.ts";

let folder: string;
let stack: Stack;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-offline-"));
  stack = await startStack({ PARLEY_DATA: join(folder, "data") });
});
afterEach(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const as = (person: string, argv: string[], input?: string) => runParley(stack.url, join(folder, person), argv, input);
const register = (person: string) => as(person, ["register", person, "--password-stdin"], `password of ${person}\n`);

async function startAgain(): Promise<void> {
  const listen = new URL(stack.url).host;
  stack = await startStack({ PARLEY_DATA: join(folder, "data"), PARLEY_LISTEN: listen });
}

async function heard(person: string, from: string): Promise<string[]> {
  return (await as(person, ["history", from, "--json"])).json.map(({ text }) => text);
}

describe("where no server answers", () => {
  it("keeps messages to a conversation that was used before; the next command that reaches the server sends them", async () => {
    for (const person of ["marvin", "trillian"]) await register(person);
    await as("marvin", ["send", "Trillian", "before"]);
    await stack.stop();
    const kept = await as("marvin", ["send", "trillian", "meanwhile"]);
    expect(kept).toMatchObject({ exitCode: 4, stdout: "" });
    expect(kept.stderr).toMatch(/^parley: The server at \S+ does not answer; the message is kept and /u);
    const lines = Array.from({ length: 600 }, (_, index) => `line ${index}`);
    expect((await as("marvin", ["send", "trillian"], lines.join("\n"))).exitCode).toBe(4);
    await startAgain();
    const status = await as("marvin", ["status"]);
    expect(status).toMatchObject({ exitCode: 0, stderr: "" });
    expect(status.stdout).not.toContain("waiting");
    await as("marvin", ["send", "trillian", "after"]);
    expect(
      (await as("trillian", ["history", "marvin", "--limit", "1000", "--json"])).json.map(({ text }) => text),
    ).toEqual(["before", "meanwhile", ...lines, "after"]);
  });

  it("sends what was kept before what is said next", async () => {
    for (const person of ["marvin", "trillian"]) await register(person);
    await as("marvin", ["send", "trillian", "before"]);
    await stack.stop();
    await as("marvin", ["send", "trillian", "meanwhile"]);
    await startAgain();
    expect((await as("marvin", ["send", "trillian", "after"])).exitCode).toBe(0);
    expect(await heard("trillian", "marvin")).toEqual(["before", "meanwhile", "after"]);
  });

  it("tells that what it kept was refused in the end", async () => {
    for (const person of ["marvin", "trillian"]) await register(person);
    await as("marvin", ["group", "create", "Bridge", "trillian"]);
    await as("trillian", ["send", "Bridge", "before"]);
    await stack.stop();
    expect((await as("trillian", ["send", "bridge", "x".repeat(20_000)])).exitCode).toBe(4);
    await startAgain();
    const status = await as("trillian", ["status"]);
    expect(status.stderr).toMatch(/^parley: A message that was kept was refused: .*16384 bytes\.\n$/u);
  });

  it("keeps nothing for somebody who was never written to, and says so", async () => {
    await register("marvin");
    await stack.stop();
    const { exitCode, stderr } = await as("marvin", ["send", "trillian", "hello"]);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/No server answers at \S+: "trillian" can't be looked up, so the message is not kept\.\n$/u);
  });

  it.each([
    [["status"], 4],
    [["register", "marvin", "--password-stdin"], 4],
    [["login", "marvin", "--password-stdin"], 4],
    [["send", "marvin", "x"], 3],
  ])("answers a fresh profile's %j with exit code %i", async (argv, exitCode) => {
    await stack.stop();
    const outcome = await as("nobody", argv, "password of marvin\n");
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.stderr).toBe(
      `parley: ${exitCode === 4 ? `No server answers at ${stack.url}.` : "You are not signed in: parley login <handle>"}\n`,
    );
  });
});
