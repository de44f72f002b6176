import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary } from "@bufbuild/protobuf";
import { type Client, createClient, createServiceImplSpec, type ServiceImpl } from "@connectrpc/connect";
import pino from "pino";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind, type Event, EventSchema, Role } from "#gen/parley/chat/v1/events_pb.js";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite } from "#platform/engines/sqlite.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { createSqliteEventLog } from "#platform/log/event-log-sqlite.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import { encodeEvent, holdsContentOf, tombstoneOf } from "#platform/log/tombstones.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { type ConversationId, newConversationId, shardOf, uuidv7 } from "#platform/runtime/ids.ts";

/** A conversation as a plain model: its events, and who was in it from when to when. */
export interface ModelConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly events: Event[];
  readonly positions: number[];
  /** By user: runs of `seq`, ends included. */
  readonly spells: Map<string, { from: number; to: number }[]>;
}

/** A real log that is followed, written by hand, beside a model of what was written that answers as the chat service. */
export interface World {
  readonly log: EventLog;
  readonly following: RunningFollowing;
  readonly chat: Client<typeof ChatService>;
  readonly conversations: ModelConversation[];
  create(kind: ConversationKind, members: readonly string[], shard: number): Promise<ModelConversation>;
  append(conversation: ModelConversation, author: string, body: Event["body"], clientId?: string): Promise<Event>;
  /** Lets the ring forget everything but what is above `position`. */
  project(shard: number, position: number): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly shards: number;
  /** Bytes of the ring. */
  readonly ringBytes?: number;
  /** What is followed in place of the log. */
  readonly over?: (log: EventLog) => EventLog;
}

export async function openWorld({ shards, ringBytes, over = (log) => log }: WorldOptions): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "parley-delivery-"));
  const db = await openSqlite({ path: join(dir, "log.db"), synchronous: "off" });
  const migrations = fileURLToPath(new URL("../../platform/log/migrations/sqlite", import.meta.url));
  await migrate(db, [{ component: "log", dir: migrations }]);
  const log = createSqliteEventLog(db);
  const following = await openFollowing({
    log: over(log),
    shards,
    logger: pino({ level: "silent" }),
    watermark: async () => 0,
    ...(ringBytes === undefined ? {} : { maxBytes: ringBytes }),
  });
  const conversations: ModelConversation[] = [];

  async function append(to: ModelConversation, author: string, body: Event["body"], clientId = uuidv7()) {
    const shard = shardOf(to.id);
    const position = (await log.tail(shard)) + 1;
    const seq = to.events.length + 1;
    const event = create(EventSchema, { conversationId: to.id, seq: BigInt(seq), authorId: author, body });
    const header = { userId: author, deviceId: author, clientId };
    const record = create(RecordSchema, {
      position: BigInt(position),
      incarnation: 1n,
      entries: [{ event: encodeEvent(event), header }],
    });
    to.events.push(event);
    to.positions.push(position);
    applyToModel(to, event);
    const outcome = await log.append(shard, position - 1, record);
    if (outcome !== "appended") throw new Error(outcome);
    await following.reached(shard, position, 5000);
    return event;
  }

  return {
    log,
    following,
    chat: modelOfChat(conversations, following),
    conversations,
    append,
    async create(kind, members, shard) {
      const made = { id: newConversationId(shard), kind, events: [], positions: [], spells: new Map() };
      conversations.push(made);
      const value = { kind, members: members.map((userId) => ({ userId, role: Role.MEMBER })) };
      const created = create(EventSchema, { body: { case: "conversationCreated", value } });
      await append(made, members[0] ?? "", created.body);
      return made;
    },
    project: (shard, position) => following.projected(shard, position),
    async close() {
      following.close();
      await log.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** An event body without the rest. */
export function body(init: NonNullable<Parameters<typeof create<typeof EventSchema>>[1]>["body"]): Event["body"] {
  return create(EventSchema, { ...(init ? { body: init } : {}) }).body;
}

function applyToModel({ spells, events }: ModelConversation, event: Event): void {
  const seq = Number(event.seq);
  const { body } = event;
  if (body.case === "conversationCreated" || body.case === "membersAdded") {
    for (const { userId } of body.value.members) {
      spells.set(userId, [...(spells.get(userId) ?? []), { from: seq, to: Number.POSITIVE_INFINITY }]);
    }
  }
  if (body.case === "memberRemoved") {
    const last = spells.get(body.value.userId)?.at(-1);
    if (last) last.to = seq;
  }
  if (body.case === "messageDeleted") {
    const { targetSeq } = body.value;
    events.forEach((one, index) => {
      if (holdsContentOf(one, targetSeq)) events[index] = tombstoneOf(one, targetSeq);
    });
  }
}

/** Answers what streams ask, memberships only as of the watermark: the rest is the caller's to find in the ring. */
function modelOfChat(conversations: readonly ModelConversation[], following: RunningFollowing) {
  const stored = (one: ModelConversation, seq: number) =>
    (one.positions[seq - 1] ?? Number.POSITIVE_INFINITY) <= following.watermark(shardOf(one.id));
  const storedMembershipsOf = (userId: string) =>
    conversations.flatMap((one) => {
      const spells = (one.spells.get(userId) ?? []).filter(({ from }) => stored(one, from));
      const last = spells.at(-1);
      if (!last) return [];
      const ranges = spells.map(({ from, to }) => ({
        fromSeq: BigInt(from),
        toSeq: stored(one, to) ? BigInt(to) : 0n,
      }));
      return [{ conversationId: one.id, userId, ranges, joinedSeq: BigInt(last.from), kind: one.kind }];
    });
  const answers: Partial<ServiceImpl<typeof ChatService>> = {
    listMemberships: ({ userIds }) => ({ memberships: userIds.flatMap(storedMembershipsOf) }),
    checkMembership({ conversationId, userId }) {
      const one = conversations.find(({ id }) => id === conversationId);
      const spells = one?.spells.get(userId) ?? [];
      const ranges = spells.map(({ from, to }) => ({
        fromSeq: BigInt(from),
        toSeq: Number.isFinite(to) ? BigInt(to) : 0n,
      }));
      const joinedSeq = BigInt(spells.at(-1)?.from ?? 0);
      const kind = one?.kind ?? ConversationKind.UNSPECIFIED;
      return { membership: { conversationId, userId, ranges, joinedSeq, kind, memberCount: 2 } };
    },
    listChangedMarks: () => ({ marks: [] }),
    readEvents(request) {
      const one = conversations.find(({ id }) => id === request.conversationId);
      const all = (one?.events ?? []).filter(({ seq }) => seq >= request.fromSeq && seq <= request.toSeq);
      const page = all.slice(0, 50);
      const nextSeq = page.length < all.length ? (page.at(-1)?.seq ?? 0n) + 1n : 0n;
      const events = page.map((event) => fromBinary(EventSchema, encodeEvent(event)));
      return { events, nextSeq, headSeq: BigInt(one?.events.length ?? 0) };
    },
  };
  const spec = createServiceImplSpec(ChatService, answers);
  const served = { ...createServed(), find: (method: { localName: string }) => spec.methods[method.localName] };
  return createClient(ChatService, createPeerTransport(served));
}
