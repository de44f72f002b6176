import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Bytes that an event of the benchmark takes in a log. */
const eventBytes = 250;

/** Events a second that bare SQLite makes durable, one row and one commit for each group of `group` events. */
export function commitsPerSecond(group: number, seconds = 1): number {
  const folder = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const db = new DatabaseSync(join(folder, "floor.db"));
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
    db.exec("CREATE TABLE record (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
    const insert = db.prepare("INSERT INTO record (bytes) VALUES (?)");
    const bytes = Buffer.alloc(group * eventBytes, 7);
    const start = performance.now();
    let commits = 0;
    for (; performance.now() - start < seconds * 1000; commits++) insert.run(bytes);
    return (commits * group * 1000) / (performance.now() - start);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}
