import type { SqliteDatabase, SqlValue } from "#platform/engines/sqlite.ts";
import type { CodeStore } from "./code-store.ts";

const insertSql = `
  INSERT INTO contact_code (user_id, address, code_hash, sent_at, tries_left) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const replaceSql = `
  UPDATE contact_code SET code_hash = ?3, sent_at = ?4, tries_left = ?5
  WHERE user_id = ?1 AND address = ?2 AND code_hash = ?6`;
const spendSql = `
  UPDATE contact_code SET tries_left = ?4 - 1 WHERE user_id = ?1 AND address = ?2 AND code_hash = ?3 AND tries_left = ?4`;

export function createSqliteCodes(db: SqliteDatabase): CodeStore {
  const change = async (sql: string, ...params: SqlValue[]) => (await db.write([{ sql, params }]))[0] === 1;
  return {
    async read(userId, address) {
      const row = db.get("SELECT * FROM contact_code WHERE user_id = ? AND address = ?", userId, address);
      if (!(row?.code_hash instanceof Uint8Array)) return undefined;
      return { codeHash: row.code_hash, sentAt: Number(row.sent_at), triesLeft: Number(row.tries_left) };
    },
    put(userId, address, { codeHash, sentAt, triesLeft }, replaced) {
      const row = [userId, address, codeHash, sentAt, triesLeft];
      return replaced ? change(replaceSql, ...row, replaced.codeHash) : change(insertSql, ...row);
    },
    spendTry: (userId, address, { codeHash, triesLeft }) => change(spendSql, userId, address, codeHash, triesLeft),
    async remove(userId, address, { codeHash }) {
      const sql = "DELETE FROM contact_code WHERE user_id = ? AND address = ? AND code_hash = ?";
      await change(sql, userId, address, codeHash);
    },
  };
}
