import type { Client } from "@connectrpc/connect";
import { type PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import type { StreamWatcher } from "./delivery.ts";

/** How often a device with an open stream is announced again; a status is forgotten after 60 s. */
export const announceMs = 30_000;
/** Announcements under way at once. */
const maxAtOnce = 50;

export interface Announcer extends StreamWatcher {
  stop(): void;
}

interface Device {
  readonly identity: UserIdentity;
  streams: number;
}

/** Tells the presence service which devices have an open stream. What fails is made good by the next round. */
export function createAnnouncer(presence: Client<typeof PresenceService>): Announcer {
  const devices = new Map<string, Device>();
  const announce = ({ userId, deviceId }: UserIdentity, status: Status) =>
    presence.announce({ userId, deviceId, status }, callAs({ kind: "service", name: "gateway" })).then(ignore, ignore);
  let isAnnouncing = false;
  const announceAll = async () => {
    if (isAnnouncing) return;
    isAnnouncing = true;
    const all = [...devices.values()];
    for (let start = 0; start < all.length; start += maxAtOnce) {
      const some = all.slice(start, start + maxAtOnce).filter(({ streams }) => streams > 0);
      await Promise.all(some.map(({ identity }) => announce(identity, Status.ONLINE)));
    }
    isAnnouncing = false;
  };
  const timer = setInterval(() => void announceAll(), announceMs).unref();
  return {
    opened({ identity }) {
      const device = devices.get(keyOf(identity)) ?? { identity, streams: 0 };
      device.streams++;
      devices.set(keyOf(identity), device);
      void announce(identity, Status.ONLINE);
    },
    closed({ identity }) {
      const device = devices.get(keyOf(identity));
      if (!device || --device.streams > 0) return;
      devices.delete(keyOf(identity));
      void announce(identity, Status.OFFLINE);
    },
    stop: () => clearInterval(timer),
  };
}

function keyOf({ userId, deviceId }: UserIdentity): string {
  return `${userId} ${deviceId}`;
}

const ignore = (): void => {};
