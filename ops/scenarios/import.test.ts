import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { channelOwner, openChannel } from "../../clients/cli/import/channel.ts";
import { listIrcFiles } from "../../clients/cli/import/irc-folder.ts";
import { createPeople } from "../../clients/cli/import/people.ts";
import {
  connectByHttp2,
  createOperator,
  type Event,
  EventSchema,
  type Operator,
  type Parley,
} from "../../clients/sdk/node/index.ts";
import { root, runCommand, startCommand } from "../command.ts";
import { createRandom, eventsOf, signIn } from "./crew.ts";
import { type IrcModel, type ModelEvent, modelOfFolder } from "./irc-model.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const sample = join(root, "ops/scenarios/sample-irc");
const corpus = join(root, "../shared/data/ubuntu-irc");
const longMs = 5 * 60_000;

let dataDir: string;
let server: ServerProcess;
let operator: Operator;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-import-"));
  server = await startServerProcess(dataDir);
  const key = readFileSync(keyFile(), "utf8");
  operator = createOperator({ url: server.url, key, connect: connectByHttp2 });
});

afterEach(async () => {
  await operator?.close();
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

test("two days made for the test: the history is the model's, and importing twice changes nothing", async () => {
  const summary = await importByCli(sample, "#harbour");
  expect(summary).toContain("31 events added, 0 already there; 6 people");
  expect(summary).toContain("2 empty lines");
  await expectModel(sample, "#harbour");
  expect(await importByCli(sample, "#harbour")).toContain("0 events added, 31 already there");
  await expectModel(sample, "#harbour");
});

const whole = existsSync(corpus)
  ? ""
  : " (not run: the folder ../shared/data/ubuntu-irc is not there; the sample serves)";

test(`fourteen years of #ubuntu: killed, gone on with, repeated${whole}`, { timeout: longMs }, async () => {
  if (whole) return;
  await killAfter(20_000, corpus, "#ubuntu");
  const second = await importByCli(corpus, "#ubuntu");
  expect(second).toMatch(/ [2-9]\d{4} already there| \d{6} already there/);
  const digest = await expectModel(corpus, "#ubuntu");
  expect(await importByCli(corpus, "#ubuntu")).toMatch(/ 0 events added, 225292 already there/);
  expect(await digestOf(await ownerOf(corpus, "#ubuntu"))).toBe(digest);
});

function keyFile(): string {
  return join(dataDir, "keys/operator.key");
}

function importArguments(folder: string, channel: string): string[] {
  const flags = ["--channel", channel, "--key-file", keyFile()];
  return ["clients/cli/parley.js", "--url", server.url, "import", "irc", folder, ...flags];
}

async function importByCli(folder: string, channel: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand([process.execPath, ...importArguments(folder, channel)]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

/** Starts an import and kills it once the channel has this many events. */
async function killAfter(events: number, folder: string, channel: string): Promise<void> {
  const child = startCommand([process.execPath, ...importArguments(folder, channel)]);
  const ended = once(child, "exit");
  const owner = await ownerOf(folder, channel);
  const head = async () => {
    const { conversation } = await owner.parley.services.chat.getConversation(owner);
    return Number(conversation?.headSeq ?? 0);
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the import ended with ${child.exitCode}`);
    return (await head()) > events ? "" : "too few events";
  }, 60_000);
  child.kill("SIGKILL");
  await ended;
}

interface Owner {
  readonly parley: Parley;
  readonly conversationId: string;
}

/** The channel as its owner sees it, who sees everything. */
async function ownerOf(folder: string, channel: string): Promise<Owner> {
  const [first] = await listIrcFiles(folder);
  const conversationId = await openChannel(operator, channel, first?.dayMs ?? 0);
  return { conversationId, parley: await signIn(operator, server.url, await channelOwner(operator, channel)) };
}

/** Compares history, members and unread with the model, entry by entry. Returns a digest of all events. */
async function expectModel(folder: string, channel: string): Promise<string> {
  const model = modelOfFolder(folder, channel);
  const people = createPeople(operator, channel);
  await people.meet(model.nicks);
  const owner = await ownerOf(folder, channel);
  const events = await eventsOf(owner.parley, owner.conversationId);
  expect(differences(events.slice(1).map(told), model.events.map(expectedOf(people.idOf)))).toEqual([]);
  expect(events.map(({ seq }) => Number(seq))).toEqual(Array.from(events, (_, index) => index + 1));
  let posted = 0;
  const counts = events.map(({ body }) => (body.case === "messagePosted" ? ++posted : posted));
  expect(
    differences(
      events.map(({ messageCount }) => `${messageCount}`),
      counts.map(String),
    ),
  ).toEqual([]);

  const expectedMembers = [...[...model.members].map(people.idOf), owner.parley.session?.userId ?? ""].sort();
  expect(differences(await membersOf(owner), expectedMembers)).toEqual([]);
  await expectUnread(owner.conversationId, model, people.idOf);
  await expectUnreadOfGone(owner.conversationId, model, people.idOf);
  await owner.parley.close();
  return digest(events);
}

async function membersOf({ parley, conversationId }: Owner): Promise<string[]> {
  const ids: string[] = [];
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const page = await parley.services.chat.listMembers({ conversationId, pageSize: 1000, pageToken });
    ids.push(...page.members.map(({ userId }) => userId));
    pageToken = page.nextPageToken || undefined;
  }
  return ids;
}

/** An event of the server in one line. */
function told({ time, authorId, body }: Event): string {
  const head = `${time ? timestampMs(time) : "no time"} ${authorId}`;
  switch (body.case) {
    case "messagePosted":
      return `${head} ${body.value.content?.action ? "does" : "says"} ${body.value.content?.text}`;
    case "membersAdded":
      return `${head} joined ${body.value.members.map(({ userId }) => userId).join()}`;
    case "memberRemoved":
      return `${head} left ${body.value.userId}`;
    case "nameChanged":
      return `${head} renamed ${body.value.oldName} to ${body.value.newName} ${body.value.userId}`;
    default:
      return `${head} ${body.case}`;
  }
}

/** An event of the model in one line. */
function expectedOf(idOf: (nick: string) => string) {
  return ({ kind, nick, time, text, action }: ModelEvent): string => {
    const head = `${time} ${idOf(nick)}`;
    if (kind === "posted") return `${head} ${action ? "does" : "says"} ${text}`;
    if (kind === "renamed") return `${head} renamed ${nick} to ${text} ${idOf(text)}`;
    return `${head} ${kind} ${idOf(nick)}`;
  };
}

/** The first few places where two lists differ. */
function differences(actual: readonly string[], expected: readonly string[]): string[] {
  const found = actual.length === expected.length ? [] : [`${actual.length} entries instead of ${expected.length}`];
  for (let index = 0; index < expected.length && found.length < 5; index++) {
    if (actual[index] !== expected[index]) found.push(`${index}: ${actual[index]} instead of ${expected[index]}`);
  }
  return found;
}

const unreadSample = 40;
const mostUnread = 9999;

/** Some people read up to somewhere; what is left to them is what the model says. */
async function expectUnread(conversationId: string, model: IrcModel, idOf: (nick: string) => string): Promise<void> {
  const random = createRandom(7);
  const members = [...model.members];
  const head = model.events.length + 1;
  for (let step = 0; step < Math.min(unreadSample, members.length); step++) {
    const nick = members[random(members.length)] ?? "";
    const mark = step % 2 === 0 ? random(head) + 1 : head - random(Math.min(head, 3000));
    await using parley = await signIn(operator, server.url, idOf(nick));
    const { marks, unread } = await parley.services.chat.setMarks({ conversationId, readSeq: BigInt(mark) });
    const expected = model.unread(nick, Number(marks?.readSeq ?? 0));
    const limited = { count: Math.min(expected, mostUnread), more: expected > mostUnread };
    expect(Number(marks?.readSeq)).toBeGreaterThanOrEqual(mark);
    expect({ nick, count: unread?.count, more: unread?.more }).toEqual({ nick, ...limited });
    const later = await parley.services.chat.getUnread({ conversationIds: [conversationId] });
    expect(later.unread[0]).toMatchObject(limited);
  }
}

/** Who left has unread what came until then. */
async function expectUnreadOfGone(
  conversationId: string,
  model: IrcModel,
  idOf: (nick: string) => string,
): Promise<void> {
  const gone = new Set(model.events.filter(({ kind }) => kind === "left").map(({ nick }) => nick));
  const away = [...gone].filter((nick) => !model.members.has(nick));
  for (const nick of away.slice(0, unreadSample)) {
    await using parley = await signIn(operator, server.url, idOf(nick));
    const { unread } = await parley.services.chat.getUnread({ conversationIds: [conversationId] });
    const expected = model.unread(nick, 0);
    const limited = { count: Math.min(expected, mostUnread), more: expected > mostUnread };
    expect({ nick, count: unread[0]?.count, more: unread[0]?.more }).toEqual({ nick, ...limited });
  }
}

async function digestOf(owner: Owner): Promise<string> {
  const events = await eventsOf(owner.parley, owner.conversationId);
  await owner.parley.close();
  return digest(events);
}

function digest(events: readonly Event[]): string {
  const hash = createHash("sha256");
  for (const event of events) hash.update(toBinary(EventSchema, event));
  return hash.digest("hex");
}
