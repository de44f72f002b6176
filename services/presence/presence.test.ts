import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, type ConnectRouter, createClient, createRouterTransport } from "@connectrpc/connect";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { PresenceErrorReason } from "#gen/parley/presence/v1/errors_pb.js";
import {
  type Presence,
  PresenceSchema,
  PresenceService,
  Status,
  type Typing,
  TypingSchema,
} from "#gen/parley/presence/v1/presence_pb.js";
import { Audience, UserService } from "#gen/parley/user/v1/user_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { deviceId, newConversationId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { createLastSeen, type LastSeen } from "./last-seen.ts";
import { createPresenceTracker, type PresenceTracker } from "./presence.ts";
import { createPrivacyCache, privacyTtlMs } from "./privacy-cache.ts";
import { createStatusRoutes } from "./routes/status.ts";
import { createTypingRoutes, maxTypingMembers } from "./routes/typing.ts";
import { createSqliteLastSeenStore } from "./stores/last-seen-store-sqlite.ts";
import { statusTtlMs } from "./stores/presence-store.ts";
import { createMemoryPresenceStore } from "./stores/presence-store-memory.ts";
import { typingIntervalMs, typingTtlMs } from "./stores/typing-limit.ts";
import { createMemoryTypingLimit } from "./stores/typing-limit-memory.ts";

const [ada, bob, eve] = [person(), person(), person()];
const conversationId = newConversationId(1);
const start = 1_700_000_000_000;

let dir: string;
let db: SqliteDatabase;
let now: number;
let audiences: Map<string, Audience>;
let memberships: Map<string, { role: Role; memberCount: number; mayPost: boolean }>;
let presence: Client<typeof PresenceService>;
let tracker: PresenceTracker;
let lastSeen: LastSeen;
let changes: Presence[];
let typings: Typing[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-presence-"));
  db = await openSqlite({ path: join(dir, "store.db") });
  await migrate(db, [{ component: "presence", dir: join(import.meta.dirname, "stores/migrations/sqlite") }]);
  now = start;
  audiences = new Map([ada, bob, eve].map(({ userId }) => [userId, Audience.EVERYONE]));
  memberships = new Map();
  startService();
});

afterEach(async () => {
  await db.close();
  rmSync(dir, { recursive: true });
});

/** The service over the same store, with nothing in memory. */
function startService(): void {
  const served = createServed();
  const bus = createMemoryBus();
  const clock = () => now;
  changes = [];
  typings = [];
  bus.subscribe("presence", (bytes) => changes.push(fromBinary(PresenceSchema, bytes)));
  bus.subscribe("typing", (bytes) => typings.push(fromBinary(TypingSchema, bytes)));
  lastSeen = createLastSeen(createSqliteLastSeenStore(db), pino({ level: "silent" }));
  const peers = createRouterTransport(routePeers);
  tracker = createPresenceTracker({ store: createMemoryPresenceStore(clock), lastSeen, bus });
  served.add(PresenceService, {
    ...createStatusRoutes({ presence: tracker, privacy: createPrivacyCache(createClient(UserService, peers), clock) }),
    ...createTypingRoutes({ chat: createClient(ChatService, peers), bus, limit: createMemoryTypingLimit(clock) }),
  });
  presence = createClient(PresenceService, createPeerTransport(served));
}

/** What the services answer that this one asks. */
function routePeers(router: ConnectRouter): void {
  router.service(UserService, {
    listPrivacy: ({ userIds }) => {
      const entries = userIds.flatMap((userId) => {
        const lastSeen = audiences.get(userId);
        return lastSeen === undefined ? [] : [{ userId, privacy: { lastSeen } }];
      });
      return { entries };
    },
  });
  router.service(ChatService, {
    checkMembership: ({ userId }) => {
      const { mayPost = false, ...membership } = memberships.get(userId) ?? {};
      return memberships.has(userId) ? { mayPost, membership } : {};
    },
  });
}

function person(): UserIdentity {
  return { kind: "user", userId: userId(uuidv7()), deviceId: deviceId(uuidv7()), sessionId: sessionId(uuidv7()) };
}

const service = callAs({ kind: "service", name: "gateway" });
const announce = ({ userId, deviceId }: UserIdentity, status: Status) =>
  presence.announceDevices({ devices: [{ userId, deviceId, status }] }, service);
const setStatus = (who: UserIdentity, status: Status) =>
  presence.setStatus({ clientId: uuidv7(), status }, callAs(who));
const setTyping = (who: UserIdentity, typing: boolean) =>
  presence.setTyping({ clientId: uuidv7(), conversationId, typing }, callAs(who));

async function seenBy(reader: UserIdentity, of: UserIdentity): Promise<[Status, number | undefined]> {
  const { presences } = await presence.getPresence({ userIds: [of.userId] }, callAs(reader));
  return told(presences[0]);
}

function told(one: Presence | undefined): [Status, number | undefined] {
  return [one?.status ?? Status.UNSPECIFIED, one?.lastSeenAt && timestampMs(one.lastSeenAt)];
}

test("a person is online with a stream, away on request, and offline with a time once the stream is closed", async () => {
  expect(await seenBy(bob, ada)).toEqual([Status.UNSPECIFIED, undefined]);
  await announce(ada, Status.ONLINE);
  expect(await seenBy(bob, ada)).toEqual([Status.ONLINE, undefined]);
  now += 10_000;
  await setStatus(ada, Status.AWAY);
  now += 10_000;
  await announce(ada, Status.ONLINE);
  expect(await seenBy(bob, ada)).toEqual([Status.AWAY, start + 10_000]);
  await setStatus(ada, Status.ONLINE);
  now += 10_000;
  await announce(ada, Status.OFFLINE);
  expect(await seenBy(bob, ada)).toEqual([Status.OFFLINE, start + 30_000]);
  expect(changes.map(told)).toEqual([
    [Status.ONLINE, undefined],
    [Status.AWAY, start + 10_000],
    [Status.ONLINE, undefined],
    [Status.OFFLINE, start + 30_000],
  ]);
});

test("who sends no news is offline after its time, since when news last came", async () => {
  await announce(ada, Status.ONLINE);
  now += statusTtlMs - 1;
  await tracker.expire();
  expect(changes.map(told)).toEqual([[Status.ONLINE, undefined]]);
  now += 1;
  expect(await seenBy(bob, ada)).toEqual([Status.OFFLINE, start]);
  await tracker.expire();
  expect(changes.map(told)).toEqual([
    [Status.ONLINE, undefined],
    [Status.OFFLINE, start],
  ]);
});

test("last seen survives a restart, at most a minute old where the process crashed", async () => {
  for (now = start; now <= start + 90_000; now += 30_000) {
    await announce(ada, Status.ONLINE);
    await announce(bob, Status.ONLINE);
  }
  await announce(bob, Status.OFFLINE);
  await lastSeen.written();
  startService();
  expect(await seenBy(eve, ada)).toEqual([Status.OFFLINE, start + 60_000]);
  expect(await seenBy(eve, bob)).toEqual([Status.OFFLINE, start + 120_000]);
});

test("who hides last seen is hidden from others and sees only themselves", async () => {
  audiences.set(ada.userId, Audience.NOBODY);
  await announce(ada, Status.ONLINE);
  await announce(bob, Status.ONLINE);
  const hidden = [Status.UNSPECIFIED, undefined];
  expect(await seenBy(bob, ada)).toEqual(hidden);
  expect(await seenBy(ada, bob)).toEqual(hidden);
  expect(await seenBy(ada, ada)).toEqual([Status.ONLINE, undefined]);
  expect(await seenBy(eve, bob)).toEqual([Status.ONLINE, undefined]);
});

test("a change of privacy takes effect within 5 s", async () => {
  await announce(ada, Status.ONLINE);
  expect(await seenBy(bob, ada)).toEqual([Status.ONLINE, undefined]);
  audiences.set(ada.userId, Audience.NOBODY);
  now += privacyTtlMs;
  expect(await seenBy(bob, ada)).toEqual([Status.UNSPECIFIED, undefined]);
});

test("200 users are answered in the order of the request, unknown ones without a status", async () => {
  await announce(bob, Status.ONLINE);
  const userIds = [...Array.from({ length: 199 }, () => uuidv7()), bob.userId];
  const { presences } = await presence.getPresence({ userIds }, callAs(ada));
  expect(presences.map(({ userId }) => userId)).toEqual(userIds);
  expect(presences.filter(({ status }) => status !== Status.UNSPECIFIED)).toHaveLength(1);
});

test("many devices are announced in one call, of which a mistake leaves nothing", async () => {
  const devices = [
    { ...ada, status: Status.ONLINE },
    { ...ada, deviceId: person().deviceId, status: Status.ONLINE },
    { ...bob, status: Status.ONLINE },
    { ...eve, status: Status.UNSPECIFIED },
  ].map(({ userId, deviceId, status }) => ({ userId, deviceId, status }));
  const invalid = { code: Code.InvalidArgument };
  await expect(presence.announceDevices({ devices }, service)).rejects.toMatchObject(invalid);
  await expect(presence.announce({ ...devices[3] }, service)).rejects.toMatchObject(invalid);
  expect(await seenBy(bob, ada)).toEqual([Status.UNSPECIFIED, undefined]);
  await presence.announceDevices({ devices: devices.slice(0, 3) }, service);
  expect(changes).toMatchObject([
    { userId: ada.userId, status: Status.ONLINE },
    { userId: bob.userId, status: Status.ONLINE },
  ]);
  await announce(ada, Status.OFFLINE);
  expect(await seenBy(bob, ada)).toEqual([Status.ONLINE, undefined]);
});

test("last seen of more users than are written at once is written, and a store that fails holds up nobody", async () => {
  const people = Array.from({ length: 300 }, person);
  const announceAll = (status: Status) =>
    presence.announceDevices(
      { devices: people.map(({ userId, deviceId }) => ({ userId, deviceId, status })) },
      service,
    );
  await announceAll(Status.ONLINE);
  await lastSeen.written();
  const stored = await createSqliteLastSeenStore(db).read(people.map(({ userId }) => userId));
  expect([...stored.values()]).toEqual(people.map(() => start));
  await db.script("DROP TABLE last_seen");
  now += 1;
  await announceAll(Status.OFFLINE);
  await lastSeen.written();
  expect(changes).toHaveLength(600);
});

test("typing is told to a conversation once per 3 s, and its end at once", async () => {
  memberships.set(ada.userId, { role: Role.MEMBER, memberCount: 100, mayPost: true });
  await setTyping(ada, false);
  await setTyping(ada, true);
  now += typingIntervalMs - 1;
  await setTyping(ada, true);
  await setTyping(ada, false);
  await setTyping(ada, false);
  await setTyping(ada, true);
  now += 1;
  await setTyping(ada, true);
  now += typingTtlMs;
  await setTyping(ada, false);
  expect(typings).toMatchObject([true, false, true].map((typing) => ({ conversationId, userId: ada.userId, typing })));
});

test("typing is not told in large conversations nor of people who may not post", async () => {
  memberships.set(ada.userId, { role: Role.OWNER, memberCount: maxTypingMembers + 1, mayPost: true });
  memberships.set(bob.userId, { role: Role.MEMBER, memberCount: 3, mayPost: false });
  await setTyping(ada, true);
  await setTyping(bob, true);
  expect(typings).toEqual([]);
});

test("who is not a member, or no longer, can't type", async () => {
  memberships.set(bob.userId, { role: Role.UNSPECIFIED, memberCount: 3, mayPost: false });
  for (const who of [ada, bob]) {
    await expect(setTyping(who, true)).rejects.toMatchObject({
      code: Code.PermissionDenied,
      reason: PresenceErrorReason.NOT_A_MEMBER,
    });
  }
});
