import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { type Header, HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import { type ConversationId, conversationId } from "#platform/runtime/ids.ts";
import type { EventKind, FollowedEntry } from "./following.ts";
import { readThrough } from "./readable.ts";

const { conversationId: idField, seq: seqField } = EventSchema.field;
const kinds = new Map(EventSchema.oneofs[0]?.fields.map(({ number, localName }) => [number, localName as EventKind]));

/**
 * An entry as it stands in the log. Most entries are of no concern to most processes: event and header are decoded only
 * when somebody asks. That bytes can't be decoded shows at once, when the entry is made. What was decoded is kept for the
 * next who asks, until the entry is settled: few ask once the store holds it. Of all that are settled the one that was
 * asked last keeps it, since who asks does so more than once.
 */
export class LoggedEntry implements FollowedEntry {
  static #lastSettled: LoggedEntry | undefined;
  readonly shard: number;
  readonly position: number;
  readonly incarnation: number;
  readonly conversationId: ConversationId;
  readonly seq: number;
  readonly kind: EventKind;
  readonly bytes: Uint8Array;
  readonly #headerBytes: Uint8Array;
  #event: Event | undefined;
  #header: Header | undefined;
  #isSettled = false;

  constructor(
    place: { readonly shard: number; readonly position: number; readonly incarnation: number },
    event: Uint8Array,
    header: Uint8Array,
  ) {
    this.shard = place.shard;
    this.position = place.position;
    this.incarnation = place.incarnation;
    this.bytes = event;
    this.#headerBytes = header;
    const outline = outlineOf(event);
    this.conversationId = outline.conversationId;
    this.seq = outline.seq;
    this.kind = outline.kind;
    readThrough(HeaderSchema, new BinaryReader(header), header.length);
  }

  get event(): Event {
    if (this.#event) return this.#event;
    this.#makeRoom();
    this.#event = fromBinary(EventSchema, this.bytes);
    return this.#event;
  }

  get header(): Header {
    if (this.#header) return this.#header;
    this.#makeRoom();
    this.#header = fromBinary(HeaderSchema, this.#headerBytes);
    return this.#header;
  }

  /** The same place in the log with another event. */
  with(event: Uint8Array): LoggedEntry {
    const entry = new LoggedEntry(this, event, this.#headerBytes);
    if (this.#isSettled) entry.settle();
    return entry;
  }

  /** Lets go of what was decoded. From now on, what is decoded is kept until another settled entry is asked. */
  settle(): void {
    this.#isSettled = true;
    this.#event = undefined;
    this.#header = undefined;
  }

  #makeRoom(): void {
    if (!this.#isSettled || LoggedEntry.#lastSettled === this) return;
    LoggedEntry.#lastSettled?.settle();
    LoggedEntry.#lastSettled = this;
  }
}

/** What is to be known of each event, without decoding it. Throws where it can't be decoded. */
function outlineOf(event: Uint8Array): Pick<FollowedEntry, "conversationId" | "seq" | "kind"> {
  let id = "";
  let seq = 0;
  let kind: EventKind;
  readThrough(EventSchema, new BinaryReader(event), event.length, (number, reader) => {
    kind = kinds.get(number) ?? kind;
    if (number === idField.number) id = reader.string(true);
    else if (number === seqField.number) seq = Number(reader.uint64());
    else return false;
    return true;
  });
  return { conversationId: conversationId(id), seq, kind };
}
