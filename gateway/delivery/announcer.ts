import type { Client } from "@connectrpc/connect";
import { type PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import type { StreamWatcher } from "./delivery.ts";

/** How often a device with an open stream is announced again; a status is forgotten after 60 s. */
export const announceMs = 30_000;
/** How often it is looked which announcements are due: often, so that few fall due at once. */
const lookMs = 1000;

export interface Announcer extends StreamWatcher {
  stop(): void;
}

interface Device {
  readonly identity: UserIdentity;
  streams: number;
  /** Next announcement, on the monotonic clock. */
  dueAt: number;
}

/** Tells the presence service which devices have an open stream. What fails is made good by the next round. */
export function createAnnouncer(presence: Client<typeof PresenceService>): Announcer {
  const devices = new Map<string, Device>();
  const announce = ({ userId, deviceId }: UserIdentity, status: Status) =>
    presence.announce({ userId, deviceId, status }, callAs({ kind: "service", name: "gateway" })).then(ignore, ignore);
  const announceDue = () => {
    const now = performance.now();
    for (const device of devices.values()) {
      if (device.dueAt > now) continue;
      device.dueAt = nextDue(now);
      void announce(device.identity, Status.ONLINE);
    }
  };
  const timer = setInterval(announceDue, lookMs).unref();
  return {
    opened({ identity }) {
      const device = devices.get(keyOf(identity)) ?? { identity, streams: 0, dueAt: 0 };
      device.streams++;
      device.dueAt = nextDue(performance.now());
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

/** Up to a quarter early: devices that came at once drift apart. */
function nextDue(now: number): number {
  return now + announceMs * (1 - Math.random() / 4);
}

function keyOf({ userId, deviceId }: UserIdentity): string {
  return `${userId} ${deviceId}`;
}

const ignore = (): void => {};
