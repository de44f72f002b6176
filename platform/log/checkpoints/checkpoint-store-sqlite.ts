import type { SqliteDatabase, SqlStatement } from "#platform/engines/sqlite.ts";
import type { Checkpoint, CheckpointStore } from "./checkpoint-store.ts";

export function createSqliteCheckpoints(db: SqliteDatabase): CheckpointStore {
  return {
    async read(consumer, shard) {
      const row = db.get("SELECT * FROM checkpoint WHERE consumer = ? AND shard = ?", consumer, shard);
      if (!(row?.entry_hash instanceof Uint8Array)) return undefined;
      return { incarnation: Number(row.incarnation), position: Number(row.position), entryHash: row.entry_hash };
    },
    async write(consumer, shard, checkpoint) {
      await db.write([checkpointStatement(consumer, shard, checkpoint)]);
    },
    async consumers() {
      return db.query("SELECT DISTINCT consumer FROM checkpoint").map(({ consumer }) => String(consumer));
    },
  };
}

/** Writes a checkpoint in the transaction of the rows it covers. */
export function checkpointStatement(consumer: string, shard: number, checkpoint: Checkpoint): SqlStatement {
  const { incarnation, position, entryHash } = checkpoint;
  return {
    sql: `INSERT INTO checkpoint (consumer, shard, incarnation, position, entry_hash) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT DO UPDATE SET incarnation = ?3, position = ?4, entry_hash = ?5
      WHERE (?3, ?4) > (incarnation, position)`,
    params: [consumer, shard, incarnation, position, entryHash],
  };
}
