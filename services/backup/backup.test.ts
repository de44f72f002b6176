import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { toJsonString } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BackupService, ManifestSchema } from "#gen/parley/backup/v1/backup_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { readConfig } from "#platform/runtime/config.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { chunkBytes, createFile, download, sendFrom } from "../media/testing/file.ts";
import { type Stack, startStack, type TestUser } from "../testing/stack.ts";
import { restoreBackup } from "./restore.ts";

let folder: string;
let stack: Stack | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-backup-"));
});
afterEach(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true });
});

async function start(data: string): Promise<Stack> {
  stack = await startStack({ PARLEY_DATA: join(folder, data), PARLEY_LOG_LEVEL: "error" });
  return stack;
}

/** Receives a backup as a client does, and writes it where a restore finds it. */
async function backUp(from: Stack, target: string, meanwhile = async () => {}): Promise<void> {
  const key = readFileSync(join(from.dataDir, "keys", "operator.key"), "utf8").trim();
  let path = "";
  for await (const { part } of from.client(BackupService, { token: key }).createBackup({ clientId: uuidv7() })) {
    await meanwhile();
    if (part.case === "file") {
      path = join(target, part.value.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "");
    } else if (part.case === "data") writeFileSync(path, part.value, { flag: "a" });
    else if (part.value) writeFileSync(join(target, "manifest.json"), toJsonString(ManifestSchema, part.value));
  }
}

async function post(user: TestUser, conversationId: string, text: string): Promise<bigint> {
  const sent = await user.client(ChatService).sendMessage({ clientId: uuidv7(), conversationId, content: { text } });
  return sent.seq;
}

async function talk(from: Stack): Promise<{ ada: TestUser; bob: TestUser; conversationId: string }> {
  const [ada, bob] = [await from.registerUser("ada"), await from.registerUser("bob")];
  const { conversation } = await ada.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.DIRECT,
    memberIds: [bob.userId],
  });
  const conversationId = conversation?.conversationId ?? "";
  for (let count = 1; count <= 20; count++) await post(ada, conversationId, `message ${count}`);
  return { ada, bob, conversationId };
}

/** Records of the copied log that begin after what the copied store has applied. */
function beyondTheStore(backup: string) {
  const [store, log] = ["store.db", "log.db"].map((name) => new DatabaseSync(join(backup, name), { readOnly: true }));
  const checkpoints = store?.prepare("SELECT shard, position FROM checkpoint").all() ?? [];
  const applied = new Map(checkpoints.map(({ shard, position }) => [shard, Number(position)]));
  const records = log?.prepare("SELECT shard, position FROM record").all() ?? [];
  for (const db of [store, log]) db?.close();
  return records.filter(({ shard, position }) => Number(position) > (applied.get(shard ?? null) ?? 0));
}

function restore(data: string, backup: string, incarnation?: number) {
  return restoreBackup(readConfig({ PARLEY_DATA: join(folder, data) }), join(folder, backup), incarnation);
}

test("what was acknowledged before a backup is there after a restore, and no number is given out twice", async () => {
  const first = await start("data");
  const { ada, bob, conversationId } = await talk(first);
  await backUp(first, join(folder, "backup"));
  await post(ada, conversationId, "after the backup, lost with the machine");
  await first.stop();

  expect(await restore("restored", "backup")).toMatchObject({ incarnation: 2 });
  const second = await start("restored");
  const bobAgain = second.client(ChatService, { token: bob.token });
  const { messages } = await bobAgain.listMessages({ conversationId, pageSize: 200 });
  expect(messages.map((message) => message.content?.text).reverse()).toEqual(
    Array.from({ length: 20 }, (_, index) => `message ${index + 1}`),
  );
  expect((await bobAgain.getUnread({ conversationIds: [conversationId] })).unread[0]?.count).toBe(20);

  const sent = await bobAgain.sendMessage({ clientId: uuidv7(), conversationId, content: { text: "again" } });
  expect(sent).toMatchObject({ seq: 2n ** 33n, messageCount: 21n });
  const { events } = await bobAgain.listEvents({ conversationId, fromSeq: 21n });
  expect(events.map(({ seq, body }) => [seq, body.case])).toEqual([
    [21n, "messagePosted"],
    [2n ** 33n - 1n, "void"],
    [2n ** 33n, "messagePosted"],
  ]);
});

test("restoring the same backup twice begins a later life each time", async () => {
  const first = await start("data");
  await talk(first);
  await backUp(first, join(folder, "backup"));
  await first.stop();
  expect(await restore("once", "backup")).toMatchObject({ incarnation: 2 });
  expect(await restore("twice", "backup")).toMatchObject({ incarnation: 3 });
  await expect(restore("named", "backup", 3)).rejects.toThrow("above 3");
  await expect(restore("named", "backup", 2 ** 20)).rejects.toThrow("below 1048576");
  expect(await restore("named", "backup", 7)).toMatchObject({ incarnation: 7 });
});

test("a backup that was changed, or cut short, is refused with a sentence and nothing is restored", async () => {
  const first = await start("data");
  await talk(first);
  await backUp(first, join(folder, "backup"));
  await first.stop();
  const path = join(folder, "backup", "log.db");
  const bytes = readFileSync(path);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await expect(restore("restored", "backup")).rejects.toThrow(StartError);
  rmSync(join(folder, "backup", "manifest.json"));
  await expect(restore("restored", "backup")).rejects.toThrow("holds no complete backup");
  await expect(restore("data", "backup")).rejects.toThrow("exists");
});

test("a backup is made while people talk, and holds what was acknowledged before it began", async () => {
  const first = await start("data");
  const { ada, conversationId } = await talk(first);
  let sending = true;
  const flood = (async () => {
    for (let count = 0; sending; count++) await post(ada, conversationId, `flood ${count}`);
  })();
  const head = await post(ada, conversationId, "acknowledged");
  await backUp(first, join(folder, "backup"));
  sending = false;
  await flood;
  await first.stop();
  expect(beyondTheStore(join(folder, "backup"))).toEqual([]);
  await restore("restored", "backup");
  const second = await start("restored");
  const { events } = await second
    .client(ChatService, { token: ada.token })
    .listEvents({ conversationId, fromSeq: head });
  const [event] = events;
  expect(event?.body.case === "messagePosted" && event.body.value.content?.text).toBe("acknowledged");
});

test("a file that is being uploaded meanwhile does not break the backup; after a restore its upload begins again", async () => {
  const first = await start("data");
  const { ada, conversationId } = await talk(first);
  const { bytes, announced } = createFile(conversationId, 300_000);
  const files = ada.client(MediaService);
  const { uploadId } = await files.createUpload({ clientId: uuidv7(), ...announced });
  await sendFrom(files, uploadId, bytes.subarray(0, chunkBytes), 0);
  let completed = false;
  await backUp(first, join(folder, "backup"), async () => {
    if (completed) return;
    completed = true;
    await sendFrom(files, uploadId, bytes, chunkBytes);
    await files.completeUpload({ clientId: uuidv7(), uploadId });
  });
  await first.stop();
  await restore("restored", "backup");
  const again = (await start("restored")).client(MediaService, { token: ada.token });
  expect((await again.getUpload({ uploadId })).offset).toBe(0n);
  await sendFrom(again, uploadId, bytes, 0);
  const { media } = await again.completeUpload({ clientId: uuidv7(), uploadId });
  expect((await download(again, { mediaId: media?.mediaId ?? "" })).bytes).toEqual(bytes);
});

test("a log that was trimmed is backed up and restored as it is, and nothing of the history is missing", async () => {
  const first = await start("data");
  const { ada, conversationId } = await talk(first);
  await first.projected();
  for (let shard = 0; shard < first.boot.following.shards; shard++) {
    await first.boot.log.trim(shard, first.boot.following.tail(shard));
  }
  await backUp(first, join(folder, "backup"));
  await first.stop();
  await restore("restored", "backup");
  const again = (await start("restored")).client(ChatService, { token: ada.token });
  const { messages } = await again.listMessages({ conversationId, pageSize: 200 });
  expect(messages).toHaveLength(20);
  const sent = await again.sendMessage({ clientId: uuidv7(), conversationId, content: { text: "again" } });
  expect(sent.seq).toBe(2n ** 33n);
});

test("files arrive as they are described", async () => {
  const first = await start("data");
  await talk(first);
  await backUp(first, join(folder, "backup"));
  const manifest = JSON.parse(readFileSync(join(folder, "backup", "manifest.json"), "utf8"));
  for (const file of manifest.files) {
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, "backup", file.path)))
      .digest("base64");
    expect(digest).toBe(file.sha256);
  }
});

test.each(["store.db-wal", "log.db-wal"])(
  "a restore refuses to stand beside %s: what is in it would be written over what was restored",
  async (left) => {
    const first = await start("data");
    await talk(first);
    await backUp(first, join(folder, "backup"));
    await first.stop();
    mkdirSync(join(folder, "restored"));
    writeFileSync(join(folder, "restored", left), "of a server that was killed");
    await expect(restore("restored", "backup")).rejects.toThrow(`${left} exists`);
  },
);

test("a restore that was killed leaves nothing that a server takes for its data, and can be made again", async () => {
  const first = await start("data");
  await talk(first);
  await backUp(first, join(folder, "backup"));
  await first.stop();
  const half = join(folder, "restored");
  mkdirSync(half);
  for (const left of ["store.db.restoring", "store.db.restoring-wal"]) writeFileSync(join(half, left), "half");
  await expect(start("restored")).rejects.toThrow("restore did not finish");
  expect(await restore("restored", "backup")).toMatchObject({ incarnation: 2 });
  await start("restored");
});

test("what a backup left that was cut off by a crash is gone once the server starts", async () => {
  const leftover = join(folder, "data", "backup-in-progress");
  mkdirSync(leftover, { recursive: true });
  writeFileSync(join(leftover, "store.db"), "a copy of everything");
  await start("data");
  expect(existsSync(leftover)).toBe(false);
});
