import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { AuthService, type Session } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { openCql } from "#platform/engines/cql.ts";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { runCommand, startCommand } from "../../ops/command.ts";
import { storeMigrations } from "../modules.ts";
import { engineSettings } from "../testing/shared-engines.ts";
import { type Stack, startStack, type TestUser } from "../testing/stack.ts";
import { exportInstallation } from "./export.ts";
import { importInstallation } from "./import.ts";
import { change, fileOf, finishUpload, refresh, seqsByText, settle, type Town, talk, viewOf } from "./testing/town.ts";
import { Writer } from "./testing/writer.ts";

type Settings = Record<string, string> & { readonly PARLEY_DATA: string };

const folder = mkdtempSync(join(tmpdir(), "parley-moving-"));
const endings = createEndings();
afterAll(async () => {
  await endings.run();
  rmSync(folder, { recursive: true });
});

const image = join(folder, "image");
const source: Settings = { PARLEY_DATA: join(folder, "source"), PARLEY_SHARDS: "4" };

/** Ends as soon as it has told of its progress so often. */
function exportTo(from: Settings, to: string, killedAfter = Number.POSITIVE_INFINITY) {
  return exportInstallation({ config: readConfig(from), folder: to, ...killed(killedAfter) });
}

function importTo(target: Settings, from: string, killedAfter = Number.POSITIVE_INFINITY) {
  const logger = createLogger("silent");
  return importInstallation({
    config: readConfig(target),
    folder: from,
    storeMigrations,
    logger,
    ...killed(killedAfter),
  });
}

function killed(after: number) {
  const abort = new AbortController();
  let steps = 0;
  const progress = () => {
    if (++steps >= after) abort.abort(new Error("killed"));
  };
  return { progress, signal: abort.signal };
}

/** Breaks it off after one step, then after more and more, until it comes to its end. */
async function untilItEnds<Result>(run: (killedAfter: number) => Promise<Result>): Promise<Result> {
  for (let steps = 1; ; steps *= 2) {
    const outcome = await run(steps).catch((error: Error) => {
      if (error.message !== "killed") throw error;
    });
    if (outcome) return outcome;
  }
}

/** Engines that nobody has used, with a keyspace of their own. */
async function newTarget(name: string): Promise<Settings> {
  const data = { PARLEY_DATA: join(folder, name), PARLEY_SHARDS: "4" };
  return { ...data, ...(await engineSettings(data, endings)) };
}

describeOnEngines("moving up", ["nats", "cql", "redis"], () => {
  let target: Settings;
  let stack: Stack;

  beforeAll(async () => {
    target = await newTarget("target");
    stack = await startStack(source);
  }, 180_000);
  afterAll(() => stack?.stop());

  test("an installation moves while people write, and everything is where it was", async () => {
    const town = await settle(stack);
    const stream = new Frames((signal) => town.bob.client(DeliveryService).subscribe({}, { signal }));
    const token = (await stream.find("caughtUp")).value.token;
    await stream.end();
    const writer = new Writer(stack.url, town.ada.token, town.busy);
    onTestFinished(() => writer.end());
    await until(() => (writer.acknowledged.size < 20 ? "nothing was written" : ""));

    expect(await untilItEnds((steps) => exportTo(source, image, steps))).toMatchObject({ complete: false });
    await expect(importTo({ ...target, PARLEY_SHARDS: "2" }, image)).rejects.toThrow("has 4 shards");
    expect(await untilItEnds((steps) => importTo(target, image, steps))).toMatchObject({ complete: false });
    await expect(startStack(target)).rejects.toThrow("An import has not brought everything yet");

    const later = await goOn(stack, town);
    const before = await viewOf(stack, town);
    await stack.stop();
    expect(await exportTo(source, image)).toMatchObject({ complete: true });
    expect(await importTo(target, image)).toMatchObject({ complete: true });
    expect(await importTo(target, image)).toMatchObject({ complete: true, rows: 0, records: 0 });
    const moved = await startStack(target);
    onTestFinished(() => moved.stop());
    const beforeMove = writer.acknowledged.size;
    writer.moveTo(moved.url);
    await until(() => (writer.acknowledged.size < beforeMove + 20 ? "the writer does not go on" : ""));
    await writer.end();

    expect(await viewOf(moved, town)).toEqual(before);
    const found = await seqsByText(moved, town.bob.token, town.busy);
    for (const [text, seq] of writer.acknowledged) expect([text, found.get(text)]).toEqual([text, seq]);
    await keepsSessions(moved, town, later);
    await keepsNumbers(moved, town);
    expect(await missedSince(moved, town, token)).toEqual(later.posted);
    expect(Buffer.compare(await fileOf(moved, town), town.file)).toBe(0);
    await finishUpload(moved, town.ada, town.begun[1]);
  }, 240_000);

  test("a target that holds another installation is refused, and stays as it is", async () => {
    const other = await startStack({ PARLEY_DATA: join(folder, "other"), PARLEY_SHARDS: "4" });
    await other.stop();
    const exported = join(folder, "other-image");
    await exportTo({ PARLEY_DATA: join(folder, "other"), PARLEY_SHARDS: "4" }, exported);
    await expect(importTo(target, exported)).rejects.toThrow("The target holds another installation");
    await expect(importTo({ ...target, PARLEY_DATA: join(folder, "keys") }, image)).resolves.toMatchObject({ rows: 0 });
  }, 60_000);

  test("a log that was trimmed is moved as it is; killed processes go on where they were", async () => {
    const trimmed: Settings = { PARLEY_DATA: join(folder, "trimmed"), PARLEY_SHARDS: "4" };
    const old = await startStack(trimmed);
    onTestFinished(() => old.stop());
    const town = await settle(old);
    await old.projected();
    for (let shard = 0; shard < 4; shard++) await old.boot.log.trim(shard, old.boot.following.tail(shard));
    const before = await viewOf(old, town);
    await old.stop();
    const to = join(folder, "trimmed-image");
    await killedAtFirstWord("export", to, trimmed);
    expect((await runMoving("export", to, trimmed)).stdout).toContain("nothing is missing");
    const next = await newTarget("trimmed-target");
    await withStrayRow(next, async () => {
      expect((await runMoving("import", to, next)).stderr).toContain("Table last_seen of the target holds");
    });
    await killedAtFirstWord("import", to, next);
    expect((await runMoving("import", to, next)).stdout).toContain("start the processes");
    const moved = await startStack(next);
    onTestFinished(() => moved.stop());
    expect(await viewOf(moved, town)).toEqual(before);
    await keepsNumbers(moved, town);
  }, 240_000);
});

/** With a row in the target that nobody has exported. */
async function withStrayRow({ PARLEY_STORE = "" }: Settings, run: () => Promise<void>): Promise<void> {
  const session = await openCql({ ...parseCqlUrl("PARLEY_STORE", PARLEY_STORE), logger: createLogger("silent") });
  await session.write("INSERT INTO last_seen (user_id, seen_at) VALUES (?, ?) USING TIMESTAMP ?", "nobody", 1, 1);
  await run();
  await session.write("DELETE FROM last_seen USING TIMESTAMP ? WHERE user_id = ?", 2, "nobody");
  await session.close();
}

const program = [process.execPath, "services/moving.ts"] as const;

function runMoving(what: string, to: string, env: Settings) {
  return runCommand([...program, what, to], { env });
}

/** Kills it as soon as it tells that something was copied. */
async function killedAtFirstWord(what: string, to: string, env: Settings): Promise<void> {
  const child = startCommand([...program, what, to], { env });
  child.stderr?.once("data", () => child.kill("SIGKILL"));
  await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
}

interface Later {
  readonly session: Session;
  readonly ended: TestUser;
  readonly posted: readonly bigint[];
}

/** What happens between an export and the last one: rows change, come and go. */
async function goOn(stack: Stack, town: Town): Promise<Later> {
  await change(town.ada, town.group, 3n);
  await town.bob.client(ChatService).setMarks({ clientId: uuidv7(), conversationId: town.group, readSeq: 40n });
  const posted = await talk(town.bob, town.pair, 5);
  const ended = await stack.registerUser("zoe");
  await ended.client(AuthService).logOut({ clientId: uuidv7() });
  await finishUpload(stack, town.ada, town.begun[0]);
  return { session: await refresh(stack, town.bob.session), ended, posted };
}

async function keepsSessions(moved: Stack, town: Town, { session, ended }: Later): Promise<void> {
  await refresh(moved, session);
  const asEnded = moved.client(ChatService, { token: ended.token });
  await expect(asEnded.listConversations({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  const again = moved.client(AuthService).logIn({
    clientId: uuidv7(),
    device: { id: town.eve.deviceId, name: "test" },
    identifier: { kind: { case: "handle", value: "eve" } },
    password: "password of eve",
  });
  expect((await again).session?.userId).toBe(town.eve.userId);
  await expect(moved.registerUser("zoe")).rejects.toMatchObject({ code: Code.AlreadyExists });
}

/** An old client id leads to what it led to; new messages go on behind. */
async function keepsNumbers(moved: Stack, town: Town): Promise<void> {
  const chat = moved.client(ChatService, { token: town.ada.token });
  const request = { clientId: town.sent.clientId, conversationId: town.group, content: { text: "once" } };
  expect(await chat.sendMessage(request)).toMatchObject({ seq: town.sent.seq, duplicate: true });
  const { conversation } = await chat.getConversation({ conversationId: town.group });
  const sent = await chat.sendMessage({ ...request, clientId: uuidv7() });
  expect(sent.seq).toBe((conversation?.headSeq ?? 0n) + 1n);
}

/** Numbers in the pair's conversation that a stream brings which goes on from a token. */
async function missedSince(moved: Stack, { bob, pair }: Town, token: string): Promise<bigint[]> {
  const delivery = moved.client(DeliveryService, { token: bob.token });
  const stream = new Frames((signal) => delivery.subscribe({ token }, { signal }));
  const seqs: bigint[] = [];
  for (;;) {
    const frame = await stream.next();
    if (frame.case === "event" && frame.value.conversationId === pair) seqs.push(frame.value.seq);
    if (frame.case === "reset") throw new Error("the token is no longer valid");
    if (frame.case === "caughtUp") break;
  }
  await stream.end();
  return seqs;
}
