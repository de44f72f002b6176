import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession } from "#platform/engines/cql.ts";
import { userId } from "#platform/runtime/ids.ts";
import { readAccount, readRegistration } from "./account-rows.ts";
import type { AccountStore } from "./account-store.ts";
import { createCqlClaims } from "./claims-cql.ts";

/** Statements under way at once for one call. */
const maxAtOnce = 32;

const accountCql = "SELECT * FROM account WHERE user_id = ?";
const insertAccountCql = `INSERT INTO account (user_id, handle, phone, email, password_hash, created_at)
  VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS`;
const replacePasswordCql = "UPDATE account SET password_hash = ? WHERE user_id = ? IF password_hash = ?";
const registrationCql = "SELECT * FROM registration WHERE device_id = ? AND client_id = ?";
const insertRegistrationCql = `INSERT INTO registration (device_id, client_id, user_id, content_hash, created_at)
  VALUES (?, ?, ?, ?, ?) IF NOT EXISTS`;
const forgetRegistrationCql = "DELETE FROM registration WHERE device_id = ? AND client_id = ? IF user_id = ?";
const candidatesCql = "SELECT user_id FROM contact_candidate WHERE address = ? ORDER BY created_at, user_id LIMIT ?";

export function createCqlAccounts(session: CqlSession): AccountStore {
  const handles = createCqlClaims(session, "account_handle", ["handle"]);
  const contacts = createCqlClaims(session, "contact_owner", ["address"]);
  const externals = createCqlClaims(session, "external_account", ["issuer", "subject"]);
  const store: AccountStore = {
    async read(id) {
      const row = await session.get(accountCql, id);
      return row && readAccount(row);
    },
    async readMany(ids) {
      const found = await concurrently([...new Set(ids)], maxAtOnce, store.read);
      return found.filter((account) => account !== undefined);
    },
    async insert({ userId, handle, phone, email, passwordHash, createdAt }) {
      const outcome = await session.conditional({
        write: { cql: insertAccountCql, params: [userId, handle, phone, email, passwordHash, createdAt] },
        read: { cql: accountCql, params: [userId] },
        isWritten: (row) => row?.password_hash === passwordHash && row.created_at === createdAt,
      });
      return outcome.applied;
    },
    async replacePassword(id, from, to) {
      const outcome = await session.conditional({
        write: { cql: replacePasswordCql, params: [to, id, from] },
        read: { cql: accountCql, params: [id] },
        isWritten: (row) => row?.password_hash === to,
      });
      return outcome.applied;
    },

    handleOwner: (handle) => handles.owner(handle),
    claimHandle: (handle, id) => handles.claim(id, handle),
    contactOwner: (address) => contacts.owner(address),
    claimContact: (address, id) => contacts.claim(id, address),
    externalOwner: (issuer, subject) => externals.owner(issuer, subject),
    claimExternal: (issuer, subject, id) => externals.claim(id, issuer, subject),

    addCandidate: (address, createdAt, id) =>
      session.write(
        "INSERT INTO contact_candidate (address, created_at, user_id) VALUES (?, ?, ?)",
        address,
        createdAt,
        id,
      ),
    async candidates(address, limit) {
      return (await session.query(candidatesCql, address, limit)).map((row) => userId(String(row.user_id)));
    },

    async registration({ deviceId, clientId }) {
      const row = await session.get(registrationCql, deviceId, clientId);
      return row && readRegistration(row);
    },
    async claimRegistration({ deviceId, clientId }, wanted) {
      const { userId, contentHash, createdAt } = wanted;
      const { row } = await session.conditional({
        write: { cql: insertRegistrationCql, params: [deviceId, clientId, userId, contentHash, createdAt] },
        read: { cql: registrationCql, params: [deviceId, clientId] },
        isWritten: (row) => row?.user_id === userId,
      });
      return row ? readRegistration(row) : wanted;
    },
    async forgetRegistration({ deviceId, clientId }, id) {
      await session.conditional({
        write: { cql: forgetRegistrationCql, params: [deviceId, clientId, id] },
        read: { cql: registrationCql, params: [deviceId, clientId] },
        isWritten: (row) => row?.user_id !== id,
      });
    },
  };
  return store;
}
