import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlParam, CqlRow, CqlSession } from "#platform/engines/cql.ts";
import { type UserId, userId } from "#platform/runtime/ids.ts";
import { firstWriteTime } from "./first-writes.ts";
import type { ProfileStore, StoredProfile } from "./profile-store.ts";

/** Statements under way at once for one call. */
const maxAtOnce = 32;

const insertCql = "INSERT INTO profile (user_id, handle, display_name, about) VALUES (?, ?, ?, ?) USING TIMESTAMP ?";

export function createCqlProfileStore(session: CqlSession): ProfileStore {
  const find = async (user: UserId): Promise<CqlRow | undefined> => {
    const row = await session.get("SELECT * FROM profile WHERE user_id = ?", user);
    return row?.handle === null ? undefined : row;
  };
  const findAll = async (users: readonly UserId[]) =>
    (await concurrently([...new Set(users)], maxAtOnce, find)).filter((row) => row !== undefined);
  const assign = async (
    user: UserId,
    column: "display_name" | "about" | "last_seen",
    value: CqlParam,
    time: number,
  ) => {
    await session.write(`UPDATE profile USING TIMESTAMP ? SET ${column} = ? WHERE user_id = ?`, time, value, user);
  };
  return {
    async create(profiles) {
      const insert = ({ userId, handle, displayName, about }: StoredProfile) =>
        session.write(insertCql, userId, handle, displayName, about, firstWriteTime());
      await concurrently(profiles, maxAtOnce, insert);
    },
    read: async (users) => (await findAll(users)).map(readProfile),
    async update(user, { displayName, about }, time) {
      if (!(await find(user))) return;
      if (displayName !== undefined) await assign(user, "display_name", displayName, time);
      if (about !== undefined) await assign(user, "about", about, time);
    },
    async readLastSeenAudience(users) {
      const rows = await findAll(users);
      return new Map(rows.map((row) => [userId(String(row.user_id)), Number(row.last_seen ?? 0)]));
    },
    async setLastSeenAudience(user, audience, time) {
      if (await find(user)) await assign(user, "last_seen", audience, time);
    },
  };
}

function readProfile(row: CqlRow): StoredProfile {
  return {
    userId: userId(String(row.user_id)),
    handle: String(row.handle),
    displayName: String(row.display_name),
    about: String(row.about),
  };
}
