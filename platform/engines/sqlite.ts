import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import type { SnapshotData } from "./sqlite-snapshot.ts";
import type { WriterData, WriterReply, WriterRequest } from "./sqlite-writer.ts";

/** A value that SQLite stores. Integers are read as numbers: keep them below 2^53. */
export type SqlValue = null | number | bigint | string | Uint8Array;
export type SqlRow = Readonly<{ [column: string]: SqlValue }>;

export interface SqlStatement {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
}

/**
 * One SQLite file. Reads run on the calling thread and must be short: one partition, or a list of keys. Writes run in a
 * thread of their own, so that no fsync holds up the event loop.
 */
export interface SqliteDatabase {
  /** Rows as of the last write that resolved, or later. */
  query(sql: string, ...params: SqlValue[]): SqlRow[];
  /** The first row, or undefined. */
  get(sql: string, ...params: SqlValue[]): SqlRow | undefined;
  /**
   * Runs the statements in order, all or none, and resolves once they are durable, with the number of rows that each
   * changed: 0 tells that an `ON CONFLICT DO NOTHING` or a conditional update did not apply. Writes that wait at the
   * same time share one commit. Rejects with SqliteFailure where a statement fails; then nothing was changed.
   */
  write(statements: readonly SqlStatement[]): Promise<number[]>;
  /** Runs a script of several statements in one transaction; for migrations. */
  script(sql: string): Promise<void>;
  /** Writes a copy to `target`, which must not exist: one consistent state, taken while reads and writes go on. */
  snapshot(target: string): Promise<void>;
  /** Finishes the writes that wait, then closes. Closing twice is harmless. */
  close(): Promise<void>;
}

/** SQLite refused a write. `committed` is unknown only where the commit itself failed. */
export class SqliteFailure extends Error {
  override readonly name = "SqliteFailure";
}

export interface SqliteOptions {
  readonly path: string;
  readonly synchronous?: "full" | "off";
}

/** Opens a file, making it and its folder where there is none. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteDatabase> {
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
  const writer = await startWriter(options);
  const reader = new DatabaseSync(options.path, { readOnly: true });
  reader.exec("PRAGMA busy_timeout = 5000; PRAGMA mmap_size = 268435456");
  const prepare = statementCache(reader);
  let closing: Promise<void> | undefined;
  return {
    query: (sql, ...params) => prepare(sql).all(...params) as SqlRow[],
    get: (sql, ...params) => prepare(sql).get(...params) as SqlRow | undefined,
    write: (statements) => writer.run({ statements }),
    script: async (sql) => void (await writer.run({ script: sql })),
    snapshot: (target) => takeSnapshot(options.path, target),
    close() {
      closing ??= writer.stop().finally(() => reader.close());
      return closing;
    },
  };
}

/** Most prepared statements kept; the code has fewer texts than this. */
const maxStatements = 512;

function statementCache(db: DatabaseSync): (sql: string) => StatementSync {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= maxStatements) statements.clear();
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}

function takeSnapshot(path: string, target: string): Promise<void> {
  const workerData: SnapshotData = { path, target };
  const worker = new Worker(new URL("./sqlite-snapshot.ts", import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once("error", (error) => reject(new SqliteFailure(`${path} can't be copied`, { cause: error })));
    worker.once("exit", () => resolve());
  });
}

interface Writer {
  run(work: Omit<WriterRequest, "id">): Promise<number[]>;
  stop(): Promise<void>;
}

interface Waiting {
  resolve(changes: number[]): void;
  reject(error: Error): void;
}

async function startWriter(options: SqliteOptions): Promise<Writer> {
  const workerData: WriterData = { path: options.path, synchronous: options.synchronous ?? "full" };
  const worker = new Worker(new URL("./sqlite-writer.ts", import.meta.url), { workerData });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  const settle = (replies: WriterReply[]) => {
    for (const reply of replies) {
      const caller = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (reply.error === undefined) caller?.resolve(reply.changes);
      else caller?.reject(new SqliteFailure(reply.error));
    }
  };
  // A port delivers up to 1,000 messages without a pause while more keep coming. Settling in a turn of its own lets
  // sockets, timers and other writers in between.
  worker.on("message", (replies: WriterReply[]) => setImmediate(settle, replies));
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("error", (error) => fail(new SqliteFailure(`writer of ${options.path} failed`, { cause: error })));
  worker.on("exit", () => setImmediate(fail, new SqliteFailure(`${options.path} is closed`)));
  const run = (work: Omit<WriterRequest, "id">) =>
    new Promise<number[]>((resolve, reject) => {
      if (failure) return reject(failure);
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...work });
    });
  await run({ statements: [] });
  return {
    run,
    async stop() {
      if (!failure) worker.postMessage({ id: 0, stop: true });
      await exited;
    },
  };
}
