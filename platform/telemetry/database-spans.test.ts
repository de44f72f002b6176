import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SpanKind } from "@opentelemetry/api";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { type RecordedSpans, recordSpans } from "#platform/testing/recorded-spans.ts";
import { traceStore } from "./database-spans.ts";
import { traceRedis } from "./redis-spans.ts";

let recorded: RecordedSpans;
beforeAll(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.forget());
afterAll(() => recorded.stop());

async function openTraced(): Promise<SqliteDatabase> {
  const dir = mkdtempSync(join(tmpdir(), "parley-spans-"));
  const db = await openSqlite({ path: join(dir, "store.db"), synchronous: "off" });
  onTestFinished(async () => {
    await db.close();
    rmSync(dir, { recursive: true });
  });
  await db.script("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)");
  const store = traceStore({ kind: "sqlite", db }, recorded.tracing);
  if (store.kind !== "sqlite") throw new TypeError("another store");
  return store.db;
}

/** Runs work as a part of a span that is recorded. */
async function within<T>(work: () => Promise<T>): Promise<T> {
  const span = recorded.tracing.begin("work");
  const result = await span.run(work);
  span.end();
  return result;
}

const insert = (id: number) => ({ sql: "INSERT INTO note (id, text) VALUES (?, ?)", params: [id, "secret"] });

test("statements are parts of what asked for them, without their values", async () => {
  const db = await openTraced();
  await within(async () => {
    await db.write([insert(1), insert(2)]);
    expect(db.query("SELECT * FROM note")).toHaveLength(2);
    expect(db.get("SELECT text FROM note WHERE id = ?", 1)).toEqual({ text: "secret" });
  });
  const spans = recorded.all();
  expect(spans.map(({ name }) => name)).toEqual(["BATCH note", "SELECT note", "SELECT note", "work"]);
  const work = spans.at(-1)?.spanContext().spanId;
  for (const span of spans.slice(0, -1)) {
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.parentSpanContext?.spanId).toBe(work);
  }
  expect(spans[0]?.attributes).toEqual({
    "db.system.name": "sqlite",
    "db.operation.name": "BATCH",
    "db.query.summary": "BATCH note",
    "db.collection.name": "note",
    "db.operation.batch.size": 2,
  });
});

test("a statement that fails is told so; beside any span it is none", async () => {
  const db = await openTraced();
  await db.write([insert(1)]);
  expect(recorded.all()).toEqual([]);
  await within(async () => {
    await expect(db.write([insert(1)])).rejects.toThrow();
    expect(() => db.query("SELECT * FROM nothing")).toThrow();
  });
  expect(recorded.named("INSERT note")?.attributes["error.type"]).toBe("SqliteFailure");
  expect(recorded.named("SELECT nothing")?.attributes["error.type"]).toBe("Error");
});

describeOnEngines("on Redis", ["redis"], ({ redis }) => {
  test("commands are spans without their arguments", async () => {
    const client = new Redis(redis.url, { keyPrefix: `${freshName()}:` });
    onTestFinished(() => client.disconnect());
    traceRedis(client, recorded.tracing);
    await client.set("beside", "secret");
    await within(async () => {
      await client.set("key", "secret");
      await client.multi().get("key").del("key").exec();
      await expect(client.call("NO.SUCH")).rejects.toThrow();
    });
    const named = recorded.all().map(({ name, attributes }) => [name, attributes["error.type"]]);
    expect(named).toContainEqual(["SET", undefined]);
    expect(named).toContainEqual(["EXEC", undefined]);
    expect(named).toContainEqual(["NO.SUCH", "ReplyError"]);
    expect(named.filter(([name]) => name === "SET")).toHaveLength(1);
    expect(JSON.stringify(recorded.all().map(({ attributes }) => attributes))).not.toContain("secret");
  });
});
