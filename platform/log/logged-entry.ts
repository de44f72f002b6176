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
 * next who asks, until the entry is settled: few ask for it once the store holds it, and what they have is theirs.
 */
export class LoggedEntry implements FollowedEntry {
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
    const event = this.#event ?? fromBinary(EventSchema, this.bytes);
    if (!this.#isSettled) this.#event = event;
    return event;
  }

  get header(): Header {
    const header = this.#header ?? fromBinary(HeaderSchema, this.#headerBytes);
    if (!this.#isSettled) this.#header = header;
    return header;
  }

  /** The same place in the log with another event. */
  with(event: Uint8Array): LoggedEntry {
    const entry = new LoggedEntry(this, event, this.#headerBytes);
    if (this.#isSettled) entry.settle();
    return entry;
  }

  /** Lets go of what was decoded, and keeps nothing of what is decoded from now on. */
  settle(): void {
    this.#isSettled = true;
    this.#event = undefined;
    this.#header = undefined;
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
