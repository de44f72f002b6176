import type { SqliteDatabase, SqlValue } from "#platform/engines/sqlite.ts";
import { type UserId, userId } from "#platform/runtime/ids.ts";
import { readAccount, readRegistration } from "./account-rows.ts";
import type { AccountStore, Registration, RegistrationKey } from "./account-store.ts";

const insertAccount = `
  INSERT INTO account (user_id, handle, phone, email, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const insertRegistration = `
  INSERT INTO registration (device_id, client_id, user_id, content_hash, created_at) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const registrationSql =
  "SELECT user_id, content_hash, created_at FROM registration WHERE device_id = ? AND client_id = ?";
const handleSql = "SELECT user_id FROM account_handle WHERE handle = ?";
const contactSql = "SELECT user_id FROM contact_owner WHERE address = ?";
const externalSql = "SELECT user_id FROM external_account WHERE issuer = ? AND subject = ?";

export function createSqliteAccounts(db: SqliteDatabase): AccountStore {
  const change = async (sql: string, ...params: SqlValue[]) => (await db.write([{ sql, params }]))[0] === 1;

  function owner(sql: string, ...key: string[]): UserId | undefined {
    const row = db.get(sql, ...key);
    return row && userId(String(row.user_id));
  }

  async function claim(insertSql: string, ownerSql: string, key: string[], wanted: UserId): Promise<UserId> {
    await change(insertSql, ...key, wanted);
    return owner(ownerSql, ...key) ?? wanted;
  }

  function registration({ deviceId, clientId }: RegistrationKey): Registration | undefined {
    const row = db.get(registrationSql, deviceId, clientId);
    return row && readRegistration(row);
  }

  return {
    async read(id) {
      const row = db.get("SELECT * FROM account WHERE user_id = ?", id);
      return row && readAccount(row);
    },
    async readMany(ids) {
      const sql = "SELECT * FROM account WHERE user_id IN (SELECT value FROM json_each(?))";
      return db.query(sql, JSON.stringify(ids)).map(readAccount);
    },
    insert: ({ userId, handle, phone, email, passwordHash, createdAt }) =>
      change(insertAccount, userId, handle, phone, email, passwordHash, createdAt),
    replacePassword: (id, from, to) =>
      change("UPDATE account SET password_hash = ? WHERE user_id = ? AND password_hash = ?", to, id, from),

    handleOwner: async (handle) => owner(handleSql, handle),
    claimHandle: (handle, id) =>
      claim("INSERT INTO account_handle VALUES (?, ?) ON CONFLICT DO NOTHING", handleSql, [handle], id),

    contactOwner: async (address) => owner(contactSql, address),
    claimContact: (address, id) =>
      claim("INSERT INTO contact_owner VALUES (?, ?) ON CONFLICT DO NOTHING", contactSql, [address], id),

    async addCandidate(address, createdAt, id) {
      await change("INSERT INTO contact_candidate VALUES (?, ?, ?) ON CONFLICT DO NOTHING", address, createdAt, id);
    },
    async candidates(address, limit) {
      const sql = "SELECT user_id FROM contact_candidate WHERE address = ? ORDER BY created_at, user_id LIMIT ?";
      return db.query(sql, address, limit).map((row) => userId(String(row.user_id)));
    },

    registration: async (key) => registration(key),
    async claimRegistration(key, wanted) {
      const { userId, contentHash, createdAt } = wanted;
      await change(insertRegistration, key.deviceId, key.clientId, userId, contentHash, createdAt);
      return registration(key) ?? wanted;
    },
    async forgetRegistration({ deviceId, clientId }, id) {
      const sql = "DELETE FROM registration WHERE device_id = ? AND client_id = ? AND user_id = ?";
      await change(sql, deviceId, clientId, id);
    },

    externalOwner: async (issuer, subject) => owner(externalSql, issuer, subject),
    claimExternal: (issuer, subject, id) =>
      claim("INSERT INTO external_account VALUES (?, ?, ?) ON CONFLICT DO NOTHING", externalSql, [issuer, subject], id),
  };
}
