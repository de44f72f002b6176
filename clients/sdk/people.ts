import { createBoundedMap } from "./bounded-map.ts";
import type { Profile } from "./contract.ts";
import type { Services } from "./services.ts";

/** Most profiles remembered. */
const maxProfiles = 10_000;
/** Most profiles asked for in one call. */
const maxAsked = 100;

/** Who people are. Profiles are remembered, so asking again is cheap. */
export interface People {
  /** The person with exactly this handle. */
  byHandle(handle: string): Promise<Profile | undefined>;
  /** Profiles by user id; people that do not exist are left out. */
  profiles(userIds: Iterable<string>): Promise<Map<string, Profile>>;
  /** Profiles as they are now, for those that may have changed. */
  forget(): void;
}

/**
 * @example
 * const marvin = await parley.people.byHandle("marvin");
 */
export function createPeople(services: Pick<Services, "user">): People {
  const known = createBoundedMap<string, Profile>(maxProfiles);
  return {
    async byHandle(handle) {
      const prefix = handle.toLowerCase();
      const { profiles } = await services.user.searchByHandle({ prefix, pageSize: 1 });
      return profiles.find((profile) => profile.handle === prefix);
    },
    async profiles(userIds) {
      const asked = [...new Set(userIds)];
      const missing = asked.filter((id) => !known.get(id));
      for (let start = 0; start < missing.length; start += maxAsked) {
        const page = await services.user.getProfiles({ userIds: missing.slice(start, start + maxAsked) });
        for (const profile of page.profiles) known.set(profile.userId, profile);
      }
      const found = new Map<string, Profile>();
      for (const id of asked) {
        const profile = known.get(id);
        if (profile) found.set(id, profile);
      }
      return found;
    },
    forget: () => known.clear(),
  };
}
