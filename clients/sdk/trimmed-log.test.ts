import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it, onTestFinished } from "vitest";
import { RecordSchema } from "../../gen/parley/log/v1/record_pb.js";
import { openSqlite } from "../../platform/engines/sqlite.ts";
import { trimShard } from "../../platform/log/trimming.ts";
import { until } from "../../platform/testing/until.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { openDevice, password, storagePath } from "./testing/devices.ts";
import { listen } from "./testing/listener.ts";

const day = 86_400_000;

/** Makes all records of the one shard of a stopped server older. */
async function age(dataDir: string, ms: number): Promise<void> {
  const db = await openSqlite({ path: join(dataDir, "log.db") });
  for (const { position, bytes } of db.query("SELECT position, bytes FROM record")) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("a record without bytes");
    const record = fromBinary(RecordSchema, bytes);
    const older = toBinary(RecordSchema, { ...record, timeMs: record.timeMs - BigInt(ms) });
    await db.write([{ sql: "UPDATE record SET bytes = ? WHERE position = ?", params: [older, position ?? 0] }]);
  }
  await db.close();
}

/** What the server does by itself, now. */
function trim({ boot }: Stack): Promise<number | undefined> {
  return trimShard(0, { ...boot, retentionMs: boot.config.logRetentionMs });
}

it("goes on after a log was trimmed beyond where it stood: from the history, nothing is missing", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-trimmed-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  let stack: Stack | undefined;
  const start = async () => {
    const listening = stack ? { PARLEY_LISTEN: new URL(stack.url).host } : {};
    stack = await startStack({ PARLEY_DATA: dataDir, PARLEY_SHARDS: "1", ...listening });
    onTestFinished(stack.stop);
    return stack;
  };
  const first = await start();
  const [writer, reader] = [await openDevice(first.url, storagePath()), await openDevice(first.url, storagePath())];
  await writer.register({ handle: "writer", password });
  await reader.register({ handle: "reader", password });
  const { conversationId } = await writer.conversations.direct(reader.session?.userId ?? "");
  const ended = await writer.conversations.createGroup({ name: "g", memberIds: [reader.session?.userId ?? ""] });
  const path = storagePath();
  const away = await openDevice(first.url, path);
  await away.logIn({ handle: "reader" }, password);
  const before = listen(away);
  await until(() => (before.live ? "" : "not live"));
  for (const id of [conversationId, ended.conversationId]) {
    await writer.send(id, { text: "told" });
    await until(() => (before.texts(id).length === 1 ? "" : "not told"));
  }
  await away.close();

  const texts = Array.from({ length: 450 }, (_, index) => `missed ${index}`);
  await Promise.all(texts.map((text) => writer.send(conversationId, { text })));
  await writer.send(ended.conversationId, { text: "the last" });
  await writer.conversations.removeMember(ended.conversationId, reader.session?.userId ?? "");
  await first.stop();
  await age(dataDir, 40 * day);

  const second = await start();
  await writer.send(conversationId, { text: "after weeks" });
  const position = () => second.boot.following.tail(0);
  await until(() => (second.boot.following.watermark(0) === position() ? "" : "the store is behind"));
  expect(await trim(second)).toBeGreaterThan(100);
  await second.stop();
  await start();

  const back = await openDevice(first.url, path);
  const after = listen(back);
  const expected = [...texts, "after weeks"];
  await until(() => (after.texts(conversationId).length === expected.length ? "" : "not all were told"), 20_000);
  expect(after.texts(conversationId)).toEqual(expected);
  expect(after.texts(ended.conversationId)).toEqual(["the last"]);
  expect(after.resets).toEqual([]);
});
