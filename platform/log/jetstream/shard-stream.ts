import { fromBinary } from "@bufbuild/protobuf";
import { PubHeaders } from "@nats-io/jetstream";
import { headers, type Msg } from "@nats-io/transport-node";
import { type PackedRecord, PackedRecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { type AppendResult, AppendUnknown } from "../event-log.ts";
import { type ShardNames, shardNames } from "./shard-names.ts";

/** A record and the number that its stream gave it. */
export interface Stored {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly record: PackedRecord;
}

/** Most records that one request for several asks for. */
const batchRecords = 256;
const readMs = 2_000;
/** Copies that hear nothing from their leader elect another one after 4 s or more; the rest is for answers on their way. */
const electionMs = 3_000;

const noMessageFound = 10037;
const wrongLastSequence = 10071;
const storeFailed = 10077;
const messageTooLarge = 10054;

interface ApiError {
  readonly err_code: number;
  readonly description: string;
}

/** What JetStream is asked and answers, for the stream that holds one shard. Knows sequences, not positions. */
export class ShardStream {
  readonly names: ShardNames;
  readonly #engine: NatsEngine;
  readonly #appendMs: number;

  constructor(engine: NatsEngine, shard: number, appendMs: number) {
    this.names = shardNames(engine.name, shard);
    this.#engine = engine;
    this.#appendMs = appendMs;
  }

  /** Publishes if the last sequence is `expected`. Rejects with AppendUnknown where it is not known what became of it. */
  async publish(expected: number, bytes: Uint8Array): Promise<AppendResult> {
    const fence = headers();
    fence.set(PubHeaders.ExpectedLastSeqHdr, String(expected));
    const answer = await this.#request(this.names.subject, bytes, this.#appendMs, fence).catch((cause) => {
      throw new AppendUnknown("append did not settle", { cause });
    });
    const { error, seq } = answer.json<{ seq?: number; error?: ApiError }>();
    const refusal = error && refusalOf(error);
    if (refusal) return refusal;
    if (error) throw new AppendUnknown(`JetStream refused, maybe too late: ${error.description} (${error.err_code})`);
    if (seq === expected + 1) return "appended";
    throw new AppendUnknown(`acknowledged as ${seq} where ${expected + 1} belongs`);
  }

  /** The last record that the stream's leader holds. */
  last(): Promise<Stored | undefined> {
    return this.#askLeader({ last_by_subj: this.names.subject });
  }

  /**
   * Whether most copies answered the leader so lately that they can't have elected another one before this call. A leader
   * that is cut off goes on answering for 10 s.
   */
  async isLed(): Promise<boolean> {
    if (this.#engine.replicas === 1) return true;
    const { cluster, config } = await this.#engine.jetstreamManager.streams.info(this.names.stream);
    const others = cluster?.replicas ?? [];
    const answering = others.filter(({ active }) => active > 0 && active < electionMs * 1e6).length;
    return answering + 1 > config.num_replicas / 2;
  }

  /** The first record at or above `sequence` that the stream's leader holds. */
  next(sequence: number): Promise<Stored | undefined> {
    return this.#askLeader({ seq: sequence, next_by_subj: this.names.subject });
  }

  /**
   * Records at and above `sequence`, in order, as any of the copies holds them: it may be behind, and then gives fewer, or
   * none. Ends soon after `maxBytes`.
   */
  async some(sequence: number, maxBytes: number): Promise<Stored[]> {
    const { connection, notReady } = this.#engine;
    const found: Stored[] = [];
    if (notReady()) return found;
    const query = JSON.stringify({ seq: sequence, batch: batchRecords, max_bytes: Math.max(1, maxBytes) });
    const subject = `$JS.API.DIRECT.GET.${this.names.stream}`;
    try {
      const answers = await connection.requestMany(subject, query, { strategy: "sentinel", maxWait: readMs });
      for await (const answer of answers) {
        const last = found.at(-1)?.sequence;
        if (answer.data.length === 0 || (last !== undefined && sequenceOf(answer) !== last + 1)) break;
        found.push(storedOf(sequenceOf(answer), answer.data));
      }
    } catch {
      // What came is right all the same, and the leader is asked for the rest.
    }
    return found;
  }

  /** Drops all records below `sequence`. */
  async dropBelow(sequence: number): Promise<void> {
    await this.#engine.jetstreamManager.streams.purge(this.names.stream, { seq: sequence });
  }

  /** The part of the stream's byte limit that is in use. */
  async fullness(): Promise<number> {
    const { state, config } = await this.#engine.jetstreamManager.streams.info(this.names.stream);
    return config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
  }

  async #askLeader(query: object): Promise<Stored | undefined> {
    const subject = `$JS.API.STREAM.MSG.GET.${this.names.stream}`;
    const answer = await this.#request(subject, JSON.stringify(query), readMs);
    const { message, error } = answer.json<{ message?: { seq: number; data: string }; error?: ApiError }>();
    if (error?.err_code === noMessageFound) return undefined;
    if (!message) throw new Error(`the log can't be read: ${error?.description ?? "no message"}`);
    return storedOf(message.seq, Buffer.from(message.data, "base64"));
  }

  /** One request and its answer. A lost connection ends it at once: the answer would never come. */
  async #request(subject: string, payload: Uint8Array | string, timeout: number, fence?: ReturnType<typeof headers>) {
    const { connection, notReady, watch } = this.#engine;
    const reason = notReady();
    if (reason) throw new Error(reason);
    const lost = Promise.withResolvers<never>();
    const forget = watch((connected) => connected || lost.reject(new Error("the connection to NATS was lost")));
    try {
      const options = fence ? { timeout, headers: fence } : { timeout };
      return await Promise.race([connection.request(subject, payload, options), lost.promise]);
    } finally {
      forget();
    }
  }
}

/** What is refused before it is proposed to the copies, or by all of them alike. Anything else may still land. */
function refusalOf({ err_code, description }: ApiError): AppendResult | undefined {
  if (err_code === wrongLastSequence) return "wrong-tail";
  if (err_code === messageTooLarge) return "too-large";
  if (err_code === storeFailed && description === "maximum bytes exceeded") return "full";
  return undefined;
}

export function sequenceOf(message: Msg): number {
  return Number(message.headers?.last("Nats-Sequence") ?? Number.NaN);
}

function storedOf(sequence: number, bytes: Uint8Array): Stored {
  return { sequence, bytes, record: fromBinary(PackedRecordSchema, bytes) };
}
