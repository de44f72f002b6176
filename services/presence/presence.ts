import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { PresenceSchema, Status } from "#gen/parley/presence/v1/presence_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import type { DeviceId, UserId } from "#platform/runtime/ids.ts";
import type { LastSeen } from "./last-seen.ts";
import type { Announcement, PresenceStore, StandingChange } from "./stores/presence-store.ts";

type PresenceInit = MessageInitShape<typeof PresenceSchema>;

const statusOf = { online: Status.ONLINE, away: Status.AWAY, offline: Status.OFFLINE };

export interface PresenceDeps {
  readonly store: PresenceStore;
  readonly lastSeen: LastSeen;
  readonly bus: Bus;
}

/** What is announced of one device. */
export interface DeviceNews {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly announcement: Announcement;
}

/** Who is there, as it is before privacy. Changes of a user's status are published on the bus. */
export interface PresenceTracker {
  announce(news: readonly DeviceNews[]): Promise<void>;
  /** In the order given. A user who was never seen has no status. */
  read(userIds: readonly UserId[]): Promise<PresenceInit[]>;
  /** Publishes how a user is, once more. */
  retell(userId: UserId): Promise<void>;
  /** Publishes what became of devices whose time is over. */
  expire(): Promise<void>;
}

export function createPresenceTracker({ store, lastSeen, bus }: PresenceDeps): PresenceTracker {
  const publish = (presence: PresenceInit) =>
    bus.publish("presence", toBinary(PresenceSchema, create(PresenceSchema, presence)));
  const settle = ({ userId, before, after }: StandingChange) => {
    const leaving = before.status === "online" && after.status !== "online";
    if (leaving || after.status === "online") lastSeen.note(userId, after.onlineAt, leaving);
    if (before.status !== after.status) {
      publish(presenceOf(userId, after.status, after.onlineAt || lastSeen.recent(userId)));
    }
  };
  const read = async (userIds: readonly UserId[]) => {
    const [standings, times] = await Promise.all([store.read(userIds), lastSeen.read(userIds)]);
    return userIds.map((userId, index) => {
      const { status = "offline", onlineAt = 0 } = standings[index] ?? {};
      return presenceOf(userId, status, Math.max(onlineAt, times.get(userId) ?? 0));
    });
  };
  return {
    read,
    async announce(news) {
      const take = async ({ userId, deviceId, announcement }: DeviceNews) =>
        settle(await store.announce(userId, deviceId, announcement));
      await Promise.all(news.map(take));
    },
    async retell(userId) {
      for (const presence of await read([userId])) publish(presence);
    },
    async expire() {
      for (const change of await store.expire()) settle(change);
    },
  };
}

function presenceOf(userId: UserId, status: keyof typeof statusOf, seenAt: number | undefined): PresenceInit {
  if (status === "online") return { userId, status: Status.ONLINE };
  if (!seenAt) return { userId, status: status === "away" ? Status.AWAY : Status.UNSPECIFIED };
  return { userId, status: statusOf[status], lastSeenAt: timestampFromMs(seenAt) };
}
