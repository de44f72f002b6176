/** The thread that writes to one SQLite file: all batches that wait share one transaction and one fsync. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { SqlStatement } from "./sqlite.ts";

export interface WriterData {
  readonly path: string;
  readonly synchronous: "full" | "off";
}

export interface WriterRequest {
  readonly id: number;
  readonly statements?: readonly SqlStatement[];
  readonly script?: string;
  readonly stop?: boolean;
}

export interface WriterReply {
  readonly id: number;
  readonly changes: number[];
  readonly error?: string;
}

/** Most batches that share a commit; bounds how long the first of them waits. */
const maxBatches = 1024;

const { path, synchronous } = workerData as WriterData;
const port = parentPort;
if (!port) throw new Error("not started as a worker");
const db = new DatabaseSync(path);
db.exec(`
  PRAGMA busy_timeout = 5000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = ${synchronous.toUpperCase()};
  PRAGMA cache_size = -65536;
`);
const statements = new Map<string, StatementSync>();

port.on("message", (first: WriterRequest) => {
  const requests = [first, ...takeWaiting(maxBatches - 1)];
  const replies = commit(requests.filter((request) => !request.stop));
  if (replies.length > 0) port.postMessage(replies);
  if (requests.some((request) => request.stop)) {
    db.close();
    port.close();
  }
});

function takeWaiting(limit: number): WriterRequest[] {
  const taken: WriterRequest[] = [];
  while (port && taken.length < limit) {
    const next = receiveMessageOnPort(port);
    if (!next) break;
    taken.push(next.message);
  }
  return taken;
}

function commit(requests: WriterRequest[]): WriterReply[] {
  if (requests.every((request) => !request.script && !request.statements?.length)) {
    return requests.map(({ id }) => ({ id, changes: [] }));
  }
  try {
    db.exec("BEGIN IMMEDIATE");
    const replies = requests.map(runBatch);
    db.exec("COMMIT");
    return replies;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    return requests.map(({ id }) => ({ id, changes: [], error: `commit failed: ${String(error)}` }));
  }
}

function runBatch(request: WriterRequest): WriterReply {
  db.exec("SAVEPOINT batch");
  try {
    if (request.script) db.exec(request.script);
    const changes = (request.statements ?? []).map(runStatement);
    db.exec("RELEASE batch");
    return { id: request.id, changes };
  } catch (error) {
    db.exec("ROLLBACK TO batch; RELEASE batch");
    return { id: request.id, changes: [], error: String(error) };
  }
}

function runStatement({ sql, params = [] }: SqlStatement): number {
  let statement = statements.get(sql);
  if (!statement) {
    statement = db.prepare(sql);
    statements.set(sql, statement);
  }
  return Number(statement.run(...params).changes);
}
