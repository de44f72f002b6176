import { setImmediate as turn } from "node:timers/promises";
import type { SqlRow } from "#platform/engines/sqlite.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import type { ExportPass } from "./export-pass.ts";

/** Most records, and about most bytes, of one transaction. */
const chunkRecords = 1_000;
const chunkBytes = 8 * 1024 * 1024;

/** Copies what the log has beyond the image. Once the rows are copied: then the log holds all that they stem from. */
export async function exportRecords(pass: ExportPass): Promise<number> {
  let records = 0;
  for (let shard = 0; shard < pass.source.shards; shard++) records += await exportShard(pass, shard);
  return records;
}

async function exportShard({ image, source, progress, signal }: ExportPass, shard: number): Promise<number> {
  const tailSql = "SELECT max(last_position) AS tail FROM record WHERE shard = ?";
  const tail = Number(source.log.prepare(tailSql).get(shard)?.tail ?? 0);
  let last = Number(image.db.prepare(tailSql).get(shard)?.tail ?? 0);
  const insert = image.db.prepare("INSERT INTO record VALUES (?, ?, ?, ?)");
  const select = source.log.prepare(
    "SELECT position, last_position, bytes FROM record WHERE shard = ? AND position > ? ORDER BY position LIMIT ?",
  );
  for (let records = 0; ; ) {
    signal.throwIfAborted();
    const chunk = bounded(select.iterate(shard, last, chunkRecords));
    if (chunk.length === 0) return records;
    image.transaction(() => {
      for (const { position = null, last_position: end = null, bytes = null } of chunk) {
        if (last > 0 && Number(position) !== last + 1) throw hole(shard, last + 1);
        insert.run(shard, position, end, bytes);
        last = Number(end);
      }
    });
    records += chunk.length;
    progress(`export log, shard ${shard}`, last, Math.max(tail, last));
    await turn();
  }
}

function bounded(rows: Iterable<SqlRow>): SqlRow[] {
  const chunk: SqlRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    chunk.push(row);
    bytes += row.bytes instanceof Uint8Array ? row.bytes.length : 0;
    if (bytes >= chunkBytes) break;
  }
  return chunk;
}

function hole(shard: number, position: number): StartError {
  return new StartError(
    `The log of shard ${shard} no longer holds position ${position}, which the export needs: begin in a new folder.`,
  );
}
