import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectByHttp2, createMemoryStorage, createOperator, createParley } from "@parley/sdk/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../platform/testing/until.ts";
import { joinStack } from "../../services/testing/joined-stack.ts";
import type { Stack } from "../../services/testing/stack.ts";
import { commands } from "./commands/index.ts";
import { runParley, startParley } from "./testing/run.ts";

let stack: Stack;
let folder: string;
beforeAll(async () => {
  stack = await joinStack();
  folder = mkdtempSync(join(tmpdir(), "parley-cli-"));
  for (const handle of ["marvin", "trillian", "arthur"]) {
    const { exitCode } = await as(handle, ["register", handle, "--password-stdin"], `password of ${handle}\n`);
    expect(exitCode).toBe(0);
  }
});
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const homeOf = (person: string) => join(folder, person);
const as = (person: string, argv: string[], input?: string) => runParley(stack.url, homeOf(person), argv, input);

describe("parley", () => {
  it("sends, lists, and prints what was said", async () => {
    expect((await as("marvin", ["send", "trillian", "Life.", "Don't", "talk"])).exitCode).toBe(0);
    const lines = Array.from({ length: 250 }, (_, index) => `line ${index}`);
    const sent = await as("marvin", ["send", "trillian", "--json"], lines.join("\n"));
    expect(sent.json).toHaveLength(250);
    const listed = await as("trillian", ["conversations", "--json"]);
    expect(listed.json).toMatchObject([{ kind: "direct", name: "marvin", members: 2, unread: "251" }]);
    const history = await as("trillian", ["history", "marvin", "--json", "--limit", "1000"]);
    expect(history.json.map((message) => message.text)).toEqual(["Life. Don't talk", ...lines]);
    const last = await as("trillian", ["history", "marvin", "--limit", "1"]);
    expect(last.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d marvin: line 249\n$/u);
  });

  it("makes groups and channels, and finds them by name or id", async () => {
    const made = await as("arthur", ["group", "create", "Heart of Gold", "marvin"]);
    const id = made.stdout.trim();
    expect((await as("arthur", ["group", "add", "heart of gold", "@trillian"])).exitCode).toBe(0);
    expect((await as("trillian", ["send", id, "--me", "waves"])).exitCode).toBe(0);
    expect((await as("marvin", ["history", "Heart of Gold"])).stdout).toMatch(/\* trillian waves\n$/u);
    await as("arthur", ["channel", "create", "Ship news", "marvin"]);
    const refused = await as("marvin", ["send", "Ship news", "me too"]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: "parley: You may read here, but not post.\n" });
  });

  it("follows live, and goes on where it stopped", async () => {
    await as("marvin", ["send", "arthur", "hello"]);
    const first = startParley(stack.url, homeOf("arthur"), "tail", "marvin", "--json");
    await until(() => (first.stdout().includes('"live"') ? "" : "not live"));
    await as("marvin", ["send", "arthur", "one"]);
    await until(() => (first.stdout().includes('"text":"one"') ? "" : "nothing came"));
    first.interrupt();
    expect((await first.ended).exitCode).toBe(0);
    await as("marvin", ["send", "arthur", "two"]);
    const second = startParley(stack.url, homeOf("arthur"), "tail", "marvin", "--json");
    await until(() => (second.stdout().includes('"text":"two"') ? "" : "nothing came"));
    second.interrupt();
    const { json } = await second.ended;
    expect(json.filter(({ type }) => type === "message").map(({ text }) => text)).toEqual(["two"]);
  });

  it("chats line by line in a pipe, both ways", async () => {
    const trillian = startParley(stack.url, homeOf("trillian"), "chat", "arthur");
    const arthur = startParley(stack.url, homeOf("arthur"), "chat", "trillian");
    trillian.stdin.write("Hello Arthur\n");
    await until(() => (arthur.stdout().includes("trillian: Hello Arthur") ? "" : "nothing came"));
    arthur.stdin.write("/me looks for tea\n/frob\n");
    await until(() => (trillian.stdout().includes("* arthur looks for tea") ? "" : "nothing came"));
    // That somebody is there is told a moment after they came.
    await until(() => {
      if (/arthur · \w+ · online/u.test(arthur.stdout())) return "";
      arthur.stdin.write("/members\n");
      return "arthur is not shown online";
    });
    trillian.stdin.end();
    arthur.stdin.end();
    const [ended, other] = await Promise.all([trillian.ended, arthur.ended]);
    expect([ended.exitCode, other.exitCode]).toEqual([0, 0]);
    expect(other.stdout).toContain("There is no command /frob");
  });

  it("shows nobody else's escape sequences", async () => {
    await as("marvin", ["send", "trillian", "\u001b]0;owned\u0007\u001b[2Jred\u009b31m \u202eevil"]);
    const { stdout } = await as("trillian", ["history", "marvin", "--limit", "1"]);
    expect(stdout).toMatch(/marvin: red evil\n$/u);
  });

  it("shows no escape sequences of names, in whatever command", async () => {
    const hostile = "\u001b]0;owned\u0007\u001b[2JEvil\u009b31m\r\u202eCrew";
    await using operator = createOperator({
      url: stack.url,
      key: await readFile(join(stack.dataDir, "keys", "operator.key"), "utf8"),
      connect: connectByHttp2,
    });
    const { userIds } = await operator.auth.createAccounts({ accounts: [{ externalId: "13", displayName: hostile }] });
    const issued = await operator.auth.issueSession({ userId: userIds[0] ?? "", device: { id: crypto.randomUUID() } });
    await using stranger = await createParley({
      url: stack.url,
      storage: createMemoryStorage(),
      connect: connectByHttp2,
    });
    if (issued.session) await stranger.adoptSession(issued.session);
    const zaphod = await as("zaphod", ["register", "zaphod", "--password-stdin"], "two heads, one password");
    expect(zaphod.exitCode).toBe(0);
    const zaphodId = (await stranger.people.byHandle("zaphod"))?.userId ?? "";
    const direct = await stranger.conversations.direct(zaphodId);
    const group = await stranger.conversations.createGroup({ name: hostile, memberIds: [zaphodId] });
    for (const { conversationId } of [direct, group]) {
      const { seq } = await stranger.send(conversationId, { text: "hello" });
      await stranger.conversations.edit(conversationId, seq, { text: hostile });
    }
    const listed = await as("zaphod", ["conversations"]);
    const outcomes = [listed, await as("zaphod", ["conversations", "--json"]), await as("zaphod", ["status"])];
    for (const json of [[], ["--json"]]) {
      outcomes.push(await as("zaphod", ["history", group.conversationId, ...json]));
      const tail = startParley(stack.url, homeOf("zaphod"), "tail", ...json, "--cursor", `names${json}`);
      if (json.length > 0) await until(() => (tail.stdout().includes('"live"') ? "" : "not live"));
      await until(async () => {
        await stranger.send(group.conversationId, { text: hostile });
        return tail.stdout().includes("Crew") ? "" : "nothing came";
      });
      tail.interrupt();
      outcomes.push(await tail.ended);
    }
    const chat = startParley(stack.url, homeOf("zaphod"), "chat", "Evil Crew");
    await until(() => (chat.stdout().includes("Evil Crew: ") ? "" : "nothing came"));
    await stranger.services.chat.updateConversation({ conversationId: group.conversationId, name: `${hostile} 2` });
    await until(() => (chat.stdout().includes("named this") ? "" : "no notice came"));
    chat.stdin.end("/members\n");
    outcomes.push(await chat.ended);
    for (const { exitCode, stdout, stderr } of outcomes) {
      expect(exitCode).toBe(0);
      expect(stdout).toContain("Crew");
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
    }
    expect(listed.stdout).toMatch(/Evil Crew .*\n.*Evil Crew /u);
  });

  it("carries files", async () => {
    const path = join(folder, "cat.png");
    await writeFile(path, Buffer.alloc(300_000, "meow"));
    const sent = await as("marvin", ["upload", "trillian", path, "--text", "look"]);
    const id = sent.stdout.trim();
    const copy = join(folder, "copy.png");
    expect((await as("trillian", ["download", id, copy])).exitCode).toBe(0);
    expect((await readFile(copy)).equals(await readFile(path))).toBe(true);
    expect((await as("trillian", ["download", id, copy])).stderr).toBe(`parley: There is a file ${copy} already.\n`);
    expect((await as("arthur", ["download", id, join(folder, "stolen")])).exitCode).toBe(1);
    expect((await as("trillian", ["history", "marvin", "--limit", "1"])).stdout).toContain(
      `look [file cat.png · ${id}]`,
    );
  });

  it("tells how things stand", async () => {
    await as("marvin", ["send", "arthur", "unread"]);
    const { stdout, exitCode } = await as("arthur", ["status"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/server {3}\S+ ready\n/u);
    expect(stdout).toContain("account  arthur\n");
    expect(stdout).toMatch(/unread {3}\d+ in marvin\n/u);
    expect((await as("nobody", ["status"])).stdout).toContain("not signed in");
  });

  it("signs out and in again", async () => {
    expect((await as("ford", ["register", "ford", "--password-stdin"], "towel and peanuts")).exitCode).toBe(0);
    expect((await as("ford", ["logout"])).exitCode).toBe(0);
    expect(await as("ford", ["send", "marvin", "x"])).toMatchObject({ exitCode: 3 });
    const wrong = await as("ford", ["login", "ford", "--password-stdin"], "wrong");
    expect(wrong).toMatchObject({ exitCode: 1, stderr: "parley: Name or password is wrong.\n" });
    expect((await as("ford", ["login", "ford", "--password-stdin"], "towel and peanuts\n")).exitCode).toBe(0);
  });

  it.each([
    ["an unknown command", ["frob"], 2],
    ["a missing argument", ["send"], 2],
    ["a limit that is none", ["history", "marvin", "--limit", "-3"], 2],
    ["a URL that is none", ["--url", "ftp://x", "status"], 2],
    ["a password without a terminal", ["login", "marvin"], 2],
    ["nobody of that name", ["send", "prefect", "x"], 1],
    ["no conversation yet", ["history", "@arthur"], 0],
    ["nobody listening", ["--url", "http://127.0.0.1:9", "login", "marvin", "--password-stdin"], 4],
    ["help", ["send", "--help"], 0],
  ])("answers %s with its exit code", async (_, argv, exitCode) => {
    const outcome = await as("marvin", argv);
    expect(outcome.exitCode).toBe(exitCode);
    if (exitCode !== 0) expect(outcome.stderr).not.toBe("");
    expect(outcome.stderr).not.toMatch(/ {4}at /u);
  });

  it("explains every command with --help", async () => {
    const { stdout } = await as("marvin", ["--help"]);
    for (const name of ["register", "login", "chat", "send", "history", "tail", "status"])
      expect(stdout).toContain(name);
    expect(commands.length).toBeGreaterThan(10);
  });

  it("runs as a program of its own", async () => {
    const program = join(import.meta.dirname, "parley.js");
    const env = { ...process.env, PARLEY_URL: stack.url, PARLEY_HOME: homeOf("marvin") };
    const { stdout } = await promisify(execFile)(process.execPath, [program, "status"], { env });
    expect(stdout).toContain("account  marvin\n");
  });
});
