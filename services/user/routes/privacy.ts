import type { ServiceImpl } from "@connectrpc/connect";
import { Audience, type UserService } from "#gen/parley/user/v1/user_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { userId } from "#platform/runtime/ids.ts";
import { userErrors } from "../errors.ts";
import type { ProfileStore } from "../stores/profile-store.ts";

export interface PrivacyDeps {
  readonly profiles: ProfileStore;
  readonly nextWriteTime: () => number;
  readonly bus: Bus;
}

type PrivacyRoutes = Pick<ServiceImpl<typeof UserService>, "getPrivacy" | "setPrivacy" | "listPrivacy">;

export function createPrivacyRoutes({ profiles, nextWriteTime, bus }: PrivacyDeps): PrivacyRoutes {
  return {
    async getPrivacy(_request, context) {
      const { userId } = callingUser(context);
      const audience = (await profiles.readLastSeenAudience([userId])).get(userId);
      if (audience === undefined) throw userErrors.NOT_FOUND();
      return { privacy: privacyOf(audience) };
    },
    async setPrivacy({ privacy }, context) {
      const { userId } = callingUser(context);
      const known = await profiles.readLastSeenAudience([userId]);
      if (!known.has(userId)) throw userErrors.NOT_FOUND();
      await profiles.setLastSeenAudience(userId, privacy?.lastSeen || Audience.EVERYONE, nextWriteTime());
      bus.publish("privacy", Buffer.from(userId));
      return {};
    },
    async listPrivacy({ userIds }) {
      const audiences = await profiles.readLastSeenAudience(userIds.map(userId));
      return { entries: [...audiences].map(([userId, audience]) => ({ userId, privacy: privacyOf(audience) })) };
    },
  };
}

function privacyOf(audience: Audience): { lastSeen: Audience } {
  return { lastSeen: audience || Audience.EVERYONE };
}
