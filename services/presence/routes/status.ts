import type { ServiceImpl } from "@connectrpc/connect";
import { type DeviceStatus, type PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { deviceId, userId } from "#platform/runtime/ids.ts";
import type { DeviceNews, PresenceTracker } from "../presence.ts";
import type { PrivacyCache } from "../privacy-cache.ts";
import type { Announcement } from "../stores/presence-store.ts";

export interface StatusDeps {
  readonly presence: PresenceTracker;
  readonly privacy: PrivacyCache;
}

type StatusRoutes = Pick<
  ServiceImpl<typeof PresenceService>,
  "setStatus" | "getPresence" | "announce" | "announceDevices"
>;

/** An open stream says that the device is there, not that somebody looks at it. */
const streamNews = new Map<Status, Announcement>([
  [Status.ONLINE, "alive"],
  [Status.AWAY, "away"],
  [Status.OFFLINE, "offline"],
]);

export function createStatusRoutes({ presence, privacy }: StatusDeps): StatusRoutes {
  return {
    async setStatus({ status }, context) {
      const { userId, deviceId } = callingUser(context);
      await presence.announce([{ userId, deviceId, announcement: status === Status.AWAY ? "away" : "online" }]);
      return {};
    },
    async getPresence({ userIds }, context) {
      const { userId: reader } = callingUser(context);
      const wanted = userIds.map(userId);
      const showing = await privacy.readShowing([reader, ...wanted], context.signal);
      const isShown = (id: string) => id === reader || (showing.has(reader) && showing.has(userId(id)));
      const presences = await presence.read(wanted);
      return { presences: presences.map((one) => (isShown(one.userId ?? "") ? one : { userId: one.userId ?? "" })) };
    },
    async announce(device) {
      await presence.announce([newsOf(device)]);
      return {};
    },
    async announceDevices({ devices }) {
      await presence.announce(devices.map(newsOf));
      return {};
    },
  };
}

function newsOf(device: Pick<DeviceStatus, "userId" | "deviceId" | "status">): DeviceNews {
  const announcement = streamNews.get(device.status);
  if (!announcement) throw platformErrors.INVALID_ARGUMENT({ message: "status" });
  return { userId: userId(device.userId), deviceId: deviceId(device.deviceId), announcement };
}
