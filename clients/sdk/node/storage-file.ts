import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Change, Storage } from "../storage.ts";

/**
 * Storage in one file (SQLite) that several processes may share. A write returns after its fsync; writes that are called
 * in the same turn share one. The file holds the session's tokens, so it is readable by its owner alone.
 *
 * @example
 * const storage = openFileStorage(join(homedir(), ".parley", "client.db"));
 */
export function openFileStorage(path: string): Storage {
  createPrivateFile(path);
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID");
  const read = db.prepare("SELECT value FROM entry WHERE key = ?");
  const range = db.prepare("SELECT key, value FROM entry WHERE key >= ? AND key < ? ORDER BY key");
  const commit = groupCommit(db);
  let closing: Promise<void> | undefined;
  return {
    get: async (key) => textOf(read.get(key)?.value),
    async list(prefix) {
      return range.all(prefix, `${prefix}\u{10ffff}`).map((row) => [textOf(row.key) ?? "", textOf(row.value) ?? ""]);
    },
    write: commit,
    close() {
      closing ??= commit([]).then(() => db.close());
      return closing;
    },
  };
}

/** How long a write waits for another process that is writing. */
const busyTimeoutMs = 10_000;

function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

interface Waiting {
  readonly changes: readonly Change[];
  resolve(): void;
  reject(error: unknown): void;
}

/** Runs all writes of one turn of the event loop in one transaction. */
function groupCommit(db: DatabaseSync): (changes: readonly Change[]) => Promise<void> {
  const set = db.prepare(
    "INSERT INTO entry (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  const remove = db.prepare("DELETE FROM entry WHERE key = ?");
  let waiting: Waiting[] = [];
  const flush = () => {
    const group = waiting;
    waiting = [];
    try {
      db.exec("BEGIN IMMEDIATE");
      for (const { key, value } of group.flatMap((write) => write.changes)) {
        if (value === undefined) remove.run(key);
        else set.run(key, value);
      }
      db.exec("COMMIT");
      for (const write of group) write.resolve();
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      for (const write of group) write.reject(error);
    }
  };
  return (changes) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ changes, resolve, reject });
    });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
