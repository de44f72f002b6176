import type { Client } from "@connectrpc/connect";
import type { UserService } from "#gen/parley/user/v1/user_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import type { UserId } from "#platform/runtime/ids.ts";
import { chatErrors } from "./errors.ts";

/** Throws USER_NOT_FOUND unless all of up to 100 users exist. */
export async function requireUsers(users: Client<typeof UserService>, ids: readonly UserId[]): Promise<void> {
  if (ids.length === 0) return;
  const { profiles } = await users.getProfiles({ userIds: [...ids] }, callAs({ kind: "service", name: "chat" }));
  const known = new Set(profiles.map((profile) => profile.userId));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown) throw chatErrors.USER_NOT_FOUND({ message: unknown });
}
