import { type DatabaseSync as Database, DatabaseSync } from "node:sqlite";
import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { lastPosition } from "#platform/log/event-log.ts";

/** The copies do not hold together. The message says where. */
export class DamagedCopy extends Error {
  override readonly name = "DamagedCopy";
}

/**
 * Cuts a copy of the log above what the copy of the store has applied, so that both tell of the same moment, and checks
 * both: pages, installation, and that each shard's records stand one after the other up to the checkpoint.
 */
export function cutAndVerify(storePath: string, logPath: string): void {
  const store = new DatabaseSync(storePath);
  const log = new DatabaseSync(logPath);
  try {
    for (const db of [store, log]) checkPages(db);
    checkInstallation(store, log);
    const shards = log
      .prepare("SELECT DISTINCT shard FROM record")
      .all()
      .map((row) => Number(row.shard));
    for (const shard of shards) {
      const applied = appliedPosition(store, shard);
      log.prepare("DELETE FROM record WHERE shard = ? AND position > ?").run(shard, applied);
      checkRecords(log, shard, applied);
    }
  } finally {
    store.close();
    log.close();
  }
}

function checkPages(db: Database): void {
  const [row] = db.prepare("PRAGMA quick_check").all();
  if (row?.quick_check !== "ok") throw new DamagedCopy(`a database is damaged: ${String(row?.quick_check)}`);
}

function checkInstallation(store: Database, log: Database): void {
  const [inStore, inLog] = [store, log].map((db) => db.prepare("SELECT id, incarnation FROM installation").get());
  if (inStore?.id !== inLog?.id || inStore?.incarnation !== inLog?.incarnation) {
    throw new DamagedCopy("store and log are of different installations");
  }
}

function appliedPosition(store: Database, shard: number): number {
  const sql = "SELECT position FROM checkpoint WHERE consumer = 'projector' AND shard = ?";
  return Number(store.prepare(sql).get(shard)?.position ?? 0);
}

function checkRecords(log: Database, shard: number, applied: number): void {
  let last: number | undefined;
  for (const row of log
    .prepare("SELECT position, bytes FROM record WHERE shard = ? ORDER BY position")
    .iterate(shard)) {
    if (!(row.bytes instanceof Uint8Array)) throw new DamagedCopy(`shard ${shard} has a record without bytes`);
    const record = fromBinary(RecordSchema, row.bytes);
    const position = Number(record.position);
    if (position !== row.position || (last !== undefined && position !== last + 1)) {
      throw new DamagedCopy(`shard ${shard} has a hole before position ${position}`);
    }
    last = lastPosition(record);
  }
  if (applied > 0 && (last ?? 0) < applied) throw new DamagedCopy(`the log of shard ${shard} ends before ${applied}`);
}
