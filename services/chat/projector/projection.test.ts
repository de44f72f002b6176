import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { encodeEvent, holdsContentOf, tombstoneOf } from "#platform/log/tombstones.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import type { ProjectedRows } from "../stores/projection-store.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { useChatStore } from "../testing/chat-files.ts";
import { History, steps } from "../testing/histories.ts";
import { Projection } from "./projection.ts";
import { WrittenViews } from "./written-views.ts";

const [straight, shaken] = [useChatStore(), useChatStore()];
const tables = ["conversation", "event", "message", "deletion", "membership", "sent_id"];

async function fold(
  db: SqliteDatabase,
  entries: readonly FollowedEntry[],
  written?: WrittenViews,
): Promise<ProjectedRows> {
  const stores = { conversations: createSqliteConversations(db), history: createSqliteHistory(db) };
  const projection = new Projection(stores, written);
  await projection.prepare(entries);
  for (const entry of entries) await projection.apply(entry);
  return projection.rows();
}

async function write(db: SqliteDatabase, rows: ProjectedRows, last: FollowedEntry | undefined): Promise<void> {
  const checkpoint = { position: last?.position ?? 0, incarnation: 1, entryHash: new Uint8Array(32) };
  await createSqliteProjection(db).apply(0, rows, checkpoint);
}

async function project(db: SqliteDatabase, entries: readonly FollowedEntry[]): Promise<void> {
  if (entries.length > 0) await write(db, await fold(db, entries), entries.at(-1));
}

function dump(db: SqliteDatabase, id: ConversationId) {
  const rows = tables.map((table) => db.query(`SELECT * FROM ${table} WHERE conversation_id = ?`, id));
  return [...rows, db.query("SELECT * FROM membership_by_user WHERE conversation_id = ? ORDER BY user_id", id)];
}

/** A stretch of entries, as shares of the whole. */
const stretch = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));

test("any stretches again, in any overlap, from any earlier checkpoint, leave the rows that one pass leaves", async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.array(stretch, { maxLength: 6 }), fc.nat(12), async (script, again, size) => {
      const id = newConversationId(0);
      const { entries } = new History(id, script);
      await project(straight(), entries);
      let reached = 0;
      for (let start = 0; start < entries.length; start += size + 1) {
        await project(shaken(), entries.slice(start, start + size + 1));
        reached = Math.min(entries.length, start + size + 1);
        const [from, to] = again[start % Math.max(1, again.length)] ?? [0, 0];
        const back = Math.floor(from * reached);
        await project(shaken(), entries.slice(back, back + Math.floor(to * (reached - back))));
      }
      expect(reached).toBe(entries.length);
      expect(dump(shaken(), id)).toEqual(dump(straight(), id));
    }),
    { numRuns: 60 },
  );
});

test("what was written lately need not be read, however little of it is kept", async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.nat(12), fc.constantFrom(0, 700, 1_300, 100_000), async (script, size, maxBytes) => {
      const id = newConversationId(0);
      const { entries } = new History(id, script);
      await project(straight(), entries);
      const written = new WrittenViews(Math.max(1, maxBytes));
      for (let start = 0; start < entries.length; start += size + 1) {
        const stretch = entries.slice(start, start + size + 1);
        const rows = await fold(shaken(), stretch, written);
        await write(shaken(), rows, stretch.at(-1));
        written.wrote(rows, stretch.at(-1)?.position ?? 0);
      }
      expect(dump(shaken(), id)).toEqual(dump(straight(), id));
    }),
    { numRuns: 60 },
  );
});

test("a projector that slept and writes late what it folded before undoes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), stretch, async (script, [from, to]) => {
      const id = newConversationId(0);
      const { entries } = new History(id, script);
      await project(straight(), entries);
      const first = Math.floor(from * entries.length);
      await project(shaken(), entries.slice(0, first));
      const slept = entries.slice(first, first + Math.floor(to * (entries.length - first)));
      const late = await fold(shaken(), slept);
      await project(shaken(), entries.slice(first));
      await write(shaken(), late, slept.at(-1));
      expect(dump(shaken(), id)).toEqual(dump(straight(), id));
    }),
    { numRuns: 60 },
  );
});

test("it makes no difference whether the ring had buried a deleted message already", async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.nat(12), async (script, size) => {
      const id = newConversationId(0);
      const { entries } = new History(id, script);
      await project(straight(), entries);
      const buried = entries.map((entry) => buriedAs(entry, entries));
      for (let start = 0; start < entries.length; start += size + 1) {
        await project(shaken(), buried.slice(start, start + size + 1));
      }
      expect(dump(shaken(), id)).toEqual(dump(straight(), id));
    }),
    { numRuns: 60 },
  );
});

test("no row holds content of a deleted message", async () => {
  await fc.assert(
    fc.asyncProperty(steps(40), fc.nat(12), async (script, size) => {
      const id = newConversationId(0);
      const { entries } = new History(id, script);
      for (let start = 0; start < entries.length; start += size + 1) {
        await project(shaken(), entries.slice(start, start + size + 1));
      }
      const kept = dump(shaken(), id).flatMap((rows) => rows.flatMap((row) => Object.values(row)));
      const bytes = Buffer.concat(kept.filter((value) => value instanceof Uint8Array));
      for (const entry of entries) {
        if (buriedAs(entry, entries) === entry) continue;
        const { value } = entry.event.body;
        const text = value && "content" in value ? (value.content?.text ?? "") : "";
        expect(bytes.includes(Buffer.from(`${text}`))).toBe(false);
      }
    }),
    { numRuns: 40 },
  );
});

/** As the ring holds the entry once its message is deleted. */
function buriedAs(entry: FollowedEntry, entries: readonly FollowedEntry[]): FollowedEntry {
  for (const { event } of entries) {
    if (event.body.case !== "messageDeleted") continue;
    const { targetSeq } = event.body.value;
    if (!holdsContentOf(entry.event, targetSeq)) continue;
    const tombstone = tombstoneOf(entry.event, targetSeq);
    return { ...entry, event: tombstone, bytes: encodeEvent(tombstone) };
  }
  return entry;
}
