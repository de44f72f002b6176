import type { CqlSession } from "#platform/engines/cql.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";

const readCql = "SELECT incarnation, position, entry_hash FROM checkpoint WHERE consumer = ? AND shard = ?";
const writeCql = `INSERT INTO checkpoint (consumer, shard, incarnation, position, entry_hash) VALUES (?, ?, ?, ?, ?)
  USING TIMESTAMP ?`;

/** The timestamp of a write is what it covers: an older one changes nothing. */
export function createCqlCheckpoints(session: CqlSession): CheckpointStore {
  return {
    async read(consumer, shard) {
      const row = await session.get(readCql, consumer, shard);
      if (!(row?.entry_hash instanceof Uint8Array)) return undefined;
      return { incarnation: Number(row.incarnation), position: Number(row.position), entryHash: row.entry_hash };
    },
    async write(consumer, shard, { incarnation, position, entryHash }) {
      const timestamp = (BigInt(incarnation) << 42n) + BigInt(position);
      await session.write(writeCql, consumer, shard, incarnation, position, entryHash, timestamp);
    },
    async consumers() {
      const rows = await session.query("SELECT DISTINCT consumer FROM checkpoint");
      return rows.map(({ consumer }) => String(consumer));
    },
  };
}
