import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { pino } from "pino";
import { Registry } from "prom-client";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { EntrySchema, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { openNats } from "#platform/engines/nats.ts";
import { parseNatsUrl } from "#platform/engines/nats-url.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import { encodeEvent } from "#platform/log/tombstones.ts";
import { newConversationId, uuidv7 } from "#platform/runtime/ids.ts";
import { type Ownership, takeOver } from "../../../services/chat/sequencer/take-over.ts";
import { text } from "../load/sending.ts";
import type { Fleet } from "./fleet.ts";

/** Most conversations that the messages of a shard belong to. */
const conversations = 100;

/** Writes messages into a shard of an installation whose chat processes are gone, as their owner would. */
export interface LogFeed {
  append(shard: number, messages: number): Promise<void>;
  close(): Promise<void>;
}

export async function openLogFeed(fleet: Fleet): Promise<LogFeed> {
  const logger = pino({ level: "silent" });
  const settings = { ...parseNatsUrl(fleet.log.url), monitors: fleet.log.monitors };
  const engine = await openNats({ ...settings, logger, metrics: new Registry() });
  const log = await openJetStreamEventLog({ engine, shards: fleet.log.shards });
  const shards: Ownership[] = [];
  for (let shard = 0; shard < fleet.log.shards; shard++) shards.push(await take(log, shard));
  const ids = shards.map((_, shard) => Array.from({ length: conversations }, () => newConversationId(shard)));
  return {
    async append(shard, messages) {
      const owned = shards[shard];
      if (!owned) throw new RangeError(`there is no shard ${shard}`);
      const entries = Array.from({ length: messages }, (_, n) => entryOf(ids[shard]?.[n % conversations] ?? ""));
      const { tail, epoch } = owned;
      const record = create(RecordSchema, {
        position: BigInt(tail + 1),
        epoch: BigInt(epoch),
        incarnation: 1n,
        timeMs: BigInt(Date.now()),
        entries,
      });
      const result = await log.append(shard, tail, record);
      if (result !== "appended") throw new Error(`the log says ${result}`);
      shards[shard] = { tail: tail + messages, epoch };
    },
    async close() {
      await log.close();
      await engine.close();
    },
  };
}

async function take(log: EventLog, shard: number): Promise<Ownership> {
  const settling = { shard, owner: "benchmark", from: 1, epoch: 0, settling: false };
  const following = { stopped: () => undefined };
  const { signal } = new AbortController();
  return await takeOver({ ...settling, log, following, incarnation: 1, clock: Date.now, signal });
}

function entryOf(conversationId: string) {
  const author = uuidv7();
  const event = create(EventSchema, {
    conversationId,
    seq: 1n,
    time: timestampFromMs(Date.now()),
    messageCount: 1n,
    authorId: author,
    body: { case: "messagePosted", value: { content: { text } } },
  });
  const header = { deviceId: uuidv7(), clientId: uuidv7(), contentHash: new Uint8Array(16), userId: author };
  return create(EntrySchema, { event: encodeEvent(event), header });
}
