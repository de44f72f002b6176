import type { CqlParam, CqlSession } from "#platform/engines/cql.ts";
import { readBytes } from "./account-rows.ts";
import type { CodeStore } from "./code-store.ts";

const selectCql = "SELECT * FROM contact_code WHERE user_id = ? AND address = ?";
const insertCql = `INSERT INTO contact_code (user_id, address, code_hash, sent_at, tries_left)
  VALUES (?, ?, ?, ?, ?) IF NOT EXISTS`;
const replaceCql = `UPDATE contact_code SET code_hash = ?, sent_at = ?, tries_left = ?
  WHERE user_id = ? AND address = ? IF code_hash = ?`;
const spendCql = `UPDATE contact_code SET tries_left = ?
  WHERE user_id = ? AND address = ? IF code_hash = ? AND tries_left = ?`;
const removeCql = "DELETE FROM contact_code WHERE user_id = ? AND address = ? IF code_hash = ?";

export function createCqlCodes(session: CqlSession): CodeStore {
  const isCode = (value: CqlParam, codeHash: Uint8Array) =>
    value instanceof Uint8Array && Buffer.compare(value, codeHash) === 0;
  return {
    async read(userId, address) {
      const row = await session.get(selectCql, userId, address);
      if (!row) return undefined;
      return { codeHash: readBytes(row.code_hash), sentAt: Number(row.sent_at), triesLeft: Number(row.tries_left) };
    },
    async put(userId, address, { codeHash, sentAt, triesLeft }, replaced) {
      const write = replaced
        ? { cql: replaceCql, params: [codeHash, sentAt, triesLeft, userId, address, replaced.codeHash] }
        : { cql: insertCql, params: [userId, address, codeHash, sentAt, triesLeft] };
      const outcome = await session.conditional({
        write,
        read: { cql: selectCql, params: [userId, address] },
        isWritten: (row) => isCode(row?.code_hash, codeHash),
      });
      return outcome.applied;
    },
    async spendTry(userId, address, { codeHash, triesLeft }) {
      const outcome = await session.conditional({
        write: { cql: spendCql, params: [triesLeft - 1, userId, address, codeHash, triesLeft] },
        read: { cql: selectCql, params: [userId, address] },
        // Fewer tries don't tell who spent them: where the outcome is unknown, another one is spent.
        isWritten: () => false,
      });
      return outcome.applied;
    },
    async remove(userId, address, { codeHash }) {
      await session.conditional({
        write: { cql: removeCql, params: [userId, address, codeHash] },
        read: { cql: selectCql, params: [userId, address] },
        isWritten: (row) => !isCode(row?.code_hash, codeHash),
      });
    },
  };
}
