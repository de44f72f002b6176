import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root, runCommand } from "../command.ts";
import { eventsOf, openCrew, textOf } from "./crew.ts";
import { modelOfFolder } from "./irc-model.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const day = "2004-10-20";
const sample = join(root, "ops/scenarios/sample-irc");

let folder: string;
let dataDir: string;
let server: ServerProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parley-replay-"));
  dataDir = join(folder, "data");
  server = await startServerProcess(dataDir);
});

afterEach(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

test("a day is played live: every message arrives, each by its own nickname", async () => {
  const flags = ["--speed", "2000", "--channel", "#harbour", "--key-file", join(dataDir, "keys/operator.key")];
  const file = join(sample, `${day}.txt`);
  const command = ["clients/cli/parley.js", "--url", server.url, "replay", file, ...flags] as const;
  const { code, stdout, stderr } = await runCommand([process.execPath, ...command]);
  expect({ code, stderr }).toMatchObject({ code: 0 });

  cpSync(file, join(folder, "logs", basename(file)));
  const said = modelOfFolder(join(folder, "logs"), "#harbour").events.filter(({ kind }) => kind === "posted");
  const told = said.map(({ nick, text, action }) => `${action ? `* ${nick}` : `<${nick}>`} ${text.trim()}`);
  expect(stdout.trimEnd().split("\n").sort()).toEqual(told.sort());
  expect(stderr).toMatch(/ 0 failed,/);
  await expectHistory(said.map(({ text }) => text));
});

async function expectHistory(texts: string[]): Promise<void> {
  await using crew = await openCrew(server.url, dataDir, ["irc:#harbour"]);
  const observer = await crew.device(0);
  const [conversation] = (await observer.services.chat.listConversations({})).conversations;
  expect(conversation?.name).toBe(`#harbour ${day}`);
  const events = await eventsOf(observer, conversation?.conversationId ?? "");
  const messages = events.filter(({ body }) => body.case === "messagePosted");
  expect(messages.map(textOf).sort()).toEqual(texts.sort());
}
