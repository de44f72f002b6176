import { Status } from "#gen/parley/presence/v1/presence_pb.js";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import { type CoarseTimer, coarseTimers, type TimerWheel } from "#platform/runtime/timer-wheel.ts";
import type { Announcements } from "./announcements.ts";
import type { Stream } from "./stream.ts";

/** How often a device with an open stream is announced again; a status is forgotten after 60 s. */
export const announceMs = 30_000;

export interface Announcer {
  opened(stream: Pick<Stream, "identity">): void;
  closed(stream: Pick<Stream, "identity">): void;
  /** Announces nobody again. Stopping twice is harmless. */
  stop(): void;
}

interface Device {
  readonly identity: UserIdentity;
  streams: number;
  /** Until the next announcement. */
  timer?: CoarseTimer;
}

/** Tells which devices have an open stream. What is lost is made good by the next round. */
export function createAnnouncer(announcements: Announcements, timers: TimerWheel = coarseTimers): Announcer {
  const devices = new Map<string, Device>();
  const announce = (device: Device) => {
    announcements.put(device.identity, Status.ONLINE);
    device.timer?.cancel();
    device.timer = timers.after(untilNext(), () => announce(device));
  };
  return {
    opened({ identity }) {
      const device = devices.get(keyOf(identity)) ?? { identity, streams: 0 };
      device.streams++;
      devices.set(keyOf(identity), device);
      announce(device);
    },
    closed({ identity }) {
      const device = devices.get(keyOf(identity));
      if (!device || --device.streams > 0) return;
      device.timer?.cancel();
      devices.delete(keyOf(identity));
      announcements.put(identity, Status.OFFLINE);
    },
    stop() {
      for (const { timer } of devices.values()) timer?.cancel();
      devices.clear();
    },
  };
}

/** Up to a quarter early: devices that came at once drift apart. */
function untilNext(): number {
  return announceMs * (1 - Math.random() / 4);
}

function keyOf({ userId, deviceId }: UserIdentity): string {
  return `${userId} ${deviceId}`;
}
