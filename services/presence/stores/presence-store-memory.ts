import type { Clock } from "#platform/runtime/clock.ts";
import type { DeviceId, UserId } from "#platform/runtime/ids.ts";
import {
  type Announcement,
  maxDevicesPerUser,
  type PresenceStore,
  type Standing,
  type StandingChange,
  statusTtlMs,
} from "./presence-store.ts";

/** Devices that one process remembers, some 200 bytes each. */
const defaultCapacity = 500_000;

interface Device {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly away: boolean;
  readonly heardAt: number;
  readonly onlineAt: number;
}

/** Presence within one process. */
export function createMemoryPresenceStore(clock: Clock, capacity: number = defaultCapacity): PresenceStore {
  const byUser = new Map<UserId, Map<DeviceId, Device>>();
  /** Those without news for longest first. */
  const byAge = new Set<Device>();

  const forget = (device: Device) => {
    byAge.delete(device);
    const own = byUser.get(device.userId);
    own?.delete(device.deviceId);
    if (own?.size === 0) byUser.delete(device.userId);
  };
  const remember = (device: Device) => {
    const own = byUser.get(device.userId) ?? new Map<DeviceId, Device>();
    if (own.size >= maxDevicesPerUser || byAge.size >= capacity) return;
    byUser.set(device.userId, own.set(device.deviceId, device));
    byAge.add(device);
  };
  const devicesOf = (userId: UserId) => [...(byUser.get(userId)?.values() ?? [])];

  return {
    async announce(userId, deviceId, announcement) {
      const now = clock();
      const before = devicesOf(userId);
      for (const device of before) if (!isThere(device, now)) forget(device);
      const known = byUser.get(userId)?.get(deviceId);
      const next = nextState(known, announcement, now);
      if (known) forget(known);
      if (announcement !== "offline") remember({ userId, deviceId, ...next });
      return changeBetween(userId, before, devicesOf(userId), next.onlineAt);
    },
    async read(userIds) {
      const now = clock();
      return userIds.map((userId) => standingOf(devicesOf(userId).filter((device) => isThere(device, now))));
    },
    async expire() {
      const now = clock();
      const gone = takeWhile(byAge, (device) => !isThere(device, now));
      const before = new Map(gone.map(({ userId }) => [userId, devicesOf(userId)]));
      gone.forEach(forget);
      return [...before]
        .map(([userId, devices]) => changeBetween(userId, devices, devicesOf(userId)))
        .filter((change) => change.before.status !== change.after.status);
    },
  };
}

function isThere(device: Device, now: number): boolean {
  return device.heardAt + statusTtlMs > now;
}

/** What is known of a device after an announcement. */
function nextState(known: Device | undefined, announcement: Announcement, now: number) {
  const wasOnline = known?.away === false;
  const away = announcement === "away" || (announcement === "alive" && known?.away === true);
  const isOnline = !away && announcement !== "offline";
  return { away, heardAt: now, onlineAt: wasOnline || isOnline ? now : (known?.onlineAt ?? 0) };
}

function standingOf(devices: readonly Device[]): Standing {
  return { status: bestStatus(devices), onlineAt: Math.max(0, ...devices.map(({ onlineAt }) => onlineAt)) };
}

function bestStatus(devices: readonly Device[]): Standing["status"] {
  if (devices.length === 0) return "offline";
  return devices.every(({ away }) => away) ? "away" : "online";
}

/** `onlineAt` is that of a device which is no longer among them. */
function changeBetween(
  userId: UserId,
  before: readonly Device[],
  after: readonly Device[],
  onlineAt: number = standingOf(before).onlineAt,
): StandingChange {
  const now = standingOf(after);
  return { userId, before: standingOf(before), after: { ...now, onlineAt: Math.max(now.onlineAt, onlineAt) } };
}

function takeWhile<T>(items: Iterable<T>, test: (item: T) => boolean): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (!test(item)) break;
    taken.push(item);
  }
  return taken;
}
