import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { encodeEvent, holdsContentOf, tombstoneOf } from "#platform/log/tombstones.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import type { Run } from "./survey-page.ts";

/** Numbers that are read together: those who come back from about the same place share a block. */
const blockSize = 200;
/** Most blocks that are kept, most bytes of their events, and how long. */
const maxBlocks = 10_000;
const maxBytes = 32 * 1024 * 1024;
const keptMs = 30_000;
/** What a block counts beside its events. */
const blockBytes = 2048;
const readTimeoutMs = 15_000;

interface Block {
  readonly entries: readonly FollowedEntry[];
  /** Last number of the conversation when it was read. */
  readonly head: number;
}

/** A read of a block, done or under way. */
interface Reading {
  readonly block: Promise<Block>;
  /** Last position of the shard that was followed when it began. */
  readonly asOf: number;
}

/**
 * Stored events, each block of a conversation read once for all streams that tell them. It is read again where it may
 * lack events that are asked for, or where one of its messages may have been deleted since.
 */
export class SharedHistory {
  readonly #chat: Client<typeof ChatService>;
  readonly #following: Following;
  readonly #readings = new LRUCache<string, Reading>({ max: maxBlocks, maxSize: maxBytes, ttl: keptMs });

  constructor(chat: Client<typeof ChatService>, following: Following) {
    this.#chat = chat;
    this.#following = following;
  }

  /** All events of the run, which stands below the ring; undefined where some are not to be had. */
  async events(id: ConversationId, { from, to }: Run): Promise<FollowedEntry[] | undefined> {
    const found: FollowedEntry[] = [];
    for (let number = blockOf(from); number <= blockOf(to); number++) {
      const end = Math.min(to, (number + 1) * blockSize);
      const { entries, head } = await this.#block(id, number, end);
      if (head < end) return undefined;
      for (const entry of entries) if (entry.seq >= from && entry.seq <= to) found.push(entry);
    }
    return found;
  }

  /** Last number of the conversation, at least that below the ring. */
  async head(id: ConversationId): Promise<number> {
    return (await this.#read(id, `${id} head`, { from: 1, to: 0 }, this.#ringStart(id) - 1)).head;
  }

  /** Up to `end` at least, if that is to be had. */
  async #block(id: ConversationId, number: number, end: number): Promise<Block> {
    const key = `${id} ${number}`;
    const run = { from: number * blockSize + 1, to: (number + 1) * blockSize };
    const block = await this.#read(id, key, run, 0);
    if (block.head >= end) return block;
    this.#readings.delete(key);
    return this.#read(id, key, run, 0);
  }

  /** What was read of late, if it began when at least `leastAsOf` was followed; else it is read. */
  #read(id: ConversationId, key: string, run: Run, leastAsOf: number): Promise<Block> {
    const known = this.#readings.get(key);
    if (known && known.asOf >= leastAsOf && !this.#mayBeDeletedFrom(id, known)) return known.block;
    const reading = { block: this.#fetch(id, run), asOf: this.#following.tail(shardOf(id)) };
    this.#readings.set(key, reading, { size: blockBytes });
    const forget = () => {
      if (this.#readings.peek(key) === reading) this.#readings.delete(key);
    };
    reading.block.then(({ entries }) => {
      const size = entries.reduce((sum, { bytes }) => sum + bytes.length, blockBytes);
      if (this.#readings.peek(key) === reading) this.#readings.set(key, reading, { size });
    }, forget);
    return reading.block;
  }

  #mayBeDeletedFrom(id: ConversationId, { asOf }: Reading): boolean {
    if (this.#ringStart(id) > asOf + 1) return true;
    return this.#following.ofConversation(id, asOf).some(({ kind }) => kind === "messageDeleted");
  }

  #ringStart(id: ConversationId): number {
    return this.#following.ringStart(shardOf(id));
  }

  async #fetch(id: ConversationId, { from, to }: Run): Promise<Block> {
    const entries: FollowedEntry[] = [];
    for (let next = BigInt(from); ; ) {
      const request = { conversationId: id, fromSeq: next, toSeq: BigInt(to) };
      const page = await this.#chat.readEvents(request, callAs(asGateway, { timeoutMs: readTimeoutMs }));
      for (const event of page.events) entries.push(entryOf(id, create(EventSchema, event)));
      if (page.nextSeq === 0n) return { entries: this.#withoutDeleted(id, entries), head: Number(page.headSeq) };
      next = page.nextSeq;
    }
  }

  /** Who answered may have followed less than this process has. */
  #withoutDeleted(id: ConversationId, entries: readonly FollowedEntry[]): FollowedEntry[] {
    const deleted = deletedBy(this.#following.ofConversation(id, 0));
    return entries.map((entry) => {
      const target = deleted.find((seq) => holdsContentOf(entry.event, seq));
      return target === undefined ? entry : entryOf(id, tombstoneOf(entry.event, target));
    });
  }
}

/** The numbers of the messages that entries delete. */
function deletedBy(entries: readonly FollowedEntry[]): bigint[] {
  const deletions = entries.filter(({ kind }) => kind === "messageDeleted");
  return deletions.flatMap(({ event: { body } }) => (body.case === "messageDeleted" ? [body.value.targetSeq] : []));
}

const asGateway = { kind: "service", name: "gateway" } as const;
const noHeader = create(HeaderSchema);

function blockOf(seq: number): number {
  return Math.floor((seq - 1) / blockSize);
}

/** Without a place in the log: telling it covers no position. */
function entryOf(id: ConversationId, event: Event): FollowedEntry {
  const place = { shard: shardOf(id), position: 0, incarnation: 0, conversationId: id };
  const { seq, body } = event;
  return { ...place, seq: Number(seq), kind: body.case, event, bytes: encodeEvent(event), header: noHeader };
}
