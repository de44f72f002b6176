import type { ServiceImpl } from "@connectrpc/connect";
import type { UserService } from "#gen/parley/user/v1/user_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { userId } from "#platform/runtime/ids.ts";
import { userErrors } from "../errors.ts";
import type { HandleIndex } from "../stores/handle-index.ts";
import type { ProfileChange, ProfileStore, StoredProfile } from "../stores/profile-store.ts";

export interface ProfileDeps {
  readonly profiles: ProfileStore;
  readonly handles: HandleIndex;
  readonly nextWriteTime: () => number;
}

type ProfileRoutes = Pick<
  ServiceImpl<typeof UserService>,
  "getProfiles" | "updateProfile" | "searchByHandle" | "createProfiles"
>;

/** Handles found when the request does not say how many. */
const defaultPageSize = 20;

export function createProfileRoutes({ profiles, handles, nextWriteTime }: ProfileDeps): ProfileRoutes {
  const readInOrder = async (ids: readonly string[]): Promise<StoredProfile[]> => {
    const wanted = ids.map(userId);
    const found = new Map((await profiles.read(wanted)).map((profile) => [profile.userId, profile]));
    return wanted.map((id) => found.get(id)).filter((profile) => profile !== undefined);
  };
  return {
    async getProfiles({ userIds }) {
      return { profiles: await readInOrder(userIds) };
    },
    async updateProfile({ displayName, about }, context) {
      const { userId } = callingUser(context);
      const change: ProfileChange = {
        ...(displayName === undefined ? {} : { displayName }),
        ...(about === undefined ? {} : { about }),
      };
      await profiles.update(userId, change, nextWriteTime());
      const [profile] = await profiles.read([userId]);
      if (!profile) throw userErrors.NOT_FOUND();
      return { profile };
    },
    async searchByHandle({ prefix, pageSize }) {
      const owners = await handles.find(prefix, pageSize || defaultPageSize);
      return { profiles: await readInOrder(owners.map((owner) => owner.userId)) };
    },
    async createProfiles({ profiles: made }) {
      const stored = made.map((profile) => ({ ...profile, userId: userId(profile.userId) }));
      await profiles.create(stored);
      const kept = await profiles.read(stored.map((profile) => profile.userId));
      await handles.add(kept.filter(({ handle }) => handle !== ""));
      return {};
    },
  };
}
