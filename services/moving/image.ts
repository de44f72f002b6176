import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SqlRow } from "#platform/engines/sqlite.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** What an export has brought so far. */
export interface ImageState {
  readonly installationId: string;
  readonly incarnation: number;
  readonly shards: number;
  /** Which export it is from; rows and files tell in which one they changed last. */
  readonly generation: number;
  /** Whether that one came to its end. One that did not is begun again under its number. */
  readonly ended: boolean;
  /** Whether the server stood still meanwhile: then nothing is missing. */
  readonly complete: boolean;
}

/** A column of a table, and its place in the key; 0: none. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly key: number;
}

/**
 * An installation in a folder: its rows and its log in one database, files and keys beside it. An export brings it up to
 * date, an import reads it and notes in it how far it has come.
 */
export interface Image {
  readonly folder: string;
  readonly db: DatabaseSync;
  read(): ImageState | undefined;
  write(state: ImageState): void;
  /** Runs what belongs together. */
  transaction<Result>(run: () => Result): Result;
  /** The columns of a table, without those that only the image has; empty where there is no such table. */
  columns(table: string): Column[];
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS state (
    one INTEGER PRIMARY KEY CHECK (one = 1), installation_id TEXT NOT NULL, incarnation INTEGER NOT NULL,
    shards INTEGER NOT NULL, generation INTEGER NOT NULL, ended INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS record (
    shard INTEGER NOT NULL, position INTEGER NOT NULL, last_position INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (shard, position)) STRICT;
  CREATE TABLE IF NOT EXISTS checkpoint (
    consumer TEXT NOT NULL, shard INTEGER NOT NULL, incarnation INTEGER NOT NULL, position INTEGER NOT NULL,
    entry_hash BLOB NOT NULL, PRIMARY KEY (consumer, shard)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS file (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 BLOB NOT NULL, generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS change (name TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS imported (
    claim TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, upto INTEGER NOT NULL,
    written INTEGER NOT NULL, PRIMARY KEY (claim, name)) STRICT;
`;

/** Opens the image in a folder; `create` makes it where there is none. */
export function openImage(folder: string, { create }: { readonly create: boolean }): Image {
  const path = join(folder, "image.db");
  if (!create && !existsSync(path)) throw new StartError(`${folder} holds no export.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
  db.exec(schema);
  return {
    folder,
    db,
    read: () => stateFrom(db.prepare("SELECT * FROM state").get()),
    write({ installationId, incarnation, shards, generation, ended, complete }) {
      const params = [installationId, incarnation, shards, generation, ended ? 1 : 0, complete ? 1 : 0];
      db.prepare("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?)").run(...params);
    },
    transaction(run) {
      db.exec("BEGIN IMMEDIATE");
      try {
        const result = run();
        db.exec("COMMIT");
        return result;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    columns: (table) => columnsOf(db, rowsTable(table)).filter(({ name }) => !ownColumns.includes(name)),
    close() {
      if (db.isOpen) db.close();
    },
  };
}

/** When a row changed last, and whether it is gone since. */
const ownColumns = ["image_generation", "image_removed"];

/** Where the rows of a table are; a name of its own, for some are called like tables of the image. */
export function rowsTable(table: string): string {
  return `rows_${table}`;
}

/** Columns of any table, in its order. */
export function columnsOf(db: DatabaseSync, table: string): Column[] {
  const rows = db.prepare("SELECT name, type, pk FROM pragma_table_info(?)").all(table);
  return rows.map(({ name, type, pk }) => ({ name: String(name), type: String(type), key: Number(pk) }));
}

/** Names of the key's columns, in its order. */
export function keyOf(columns: readonly Column[]): string[] {
  return columns
    .filter(({ key }) => key > 0)
    .sort((one, other) => one.key - other.key)
    .map(({ name }) => name);
}

function stateFrom(row: SqlRow | undefined): ImageState | undefined {
  if (!row) return undefined;
  return {
    installationId: String(row.installation_id),
    incarnation: Number(row.incarnation),
    shards: Number(row.shards),
    generation: Number(row.generation),
    ended: row.ended === 1,
    complete: row.complete === 1,
  };
}
