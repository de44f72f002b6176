import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Frame, FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { SharedEnvelope } from "#platform/rpc/calls/shared-envelope.ts";
import type { Codec } from "#platform/rpc/protocols/wire.ts";

/**
 * A frame on its way to a client. Once the item is written, the stream covers `shard` up to `position`; position 0:
 * nothing new is covered.
 */
export interface Item {
  readonly frame: SharedFrame;
  readonly shard: number;
  readonly position: number;
  /** With frames that carry a token: the positions of all shards that it covers. */
  readonly covers?: readonly number[];
}

/** Where an entry stands in the log. */
export type LogPlace = Pick<FollowedEntry, "shard" | "position">;

export type FrameInit = NonNullable<MessageInitShape<typeof FrameSchema>["frame"]>;

/** What a frame costs beside the event in it. */
const frameBytes = 64;
const textEncoder = new TextEncoder();

/** A frame, made once and shared by all streams that tell it: never change it. */
export class SharedFrame extends SharedEnvelope {
  /** Size for the bound of queues. */
  readonly bytes: number;
  readonly #message: () => Frame;

  constructor(message: () => Frame, encoded: () => Uint8Array, bytes: number) {
    super((codec: Codec) =>
      codec === "binary" ? encoded() : textEncoder.encode(toJsonString(FrameSchema, message())),
    );
    this.#message = message;
    this.bytes = bytes;
  }

  get message(): Frame {
    return this.#message();
  }
}

function makeFrame(init: FrameInit): SharedFrame {
  const message = create(FrameSchema, { frame: init });
  return new SharedFrame(
    () => message,
    () => toBinary(FrameSchema, message),
    frameBytes,
  );
}

/** A frame that moves no position. */
export function plainItem(frame: FrameInit): Item {
  return { frame: makeFrame(frame), shard: 0, position: 0 };
}

/** A frame with which a stream comes to `position`. */
export function itemAt({ shard, position }: LogPlace, frame: FrameInit): Item {
  return { frame: makeFrame(frame), shard, position };
}

export function eventItem(entry: FollowedEntry): Item {
  const { shard, position, bytes } = entry;
  const frame = new SharedFrame(
    () => create(FrameSchema, { frame: { case: "event", value: entry.event } }),
    () => eventFrame(bytes),
    bytes.length + frameBytes,
  );
  return { frame, shard, position };
}

export function tokenItem(frame: FrameInit, covers: readonly number[]): Item {
  return { frame: makeFrame(frame), shard: 0, position: 0, covers };
}

/** The bytes of the event are those of the log. */
function eventFrame(event: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(FrameSchema.field.event.number, WireType.LengthDelimited).bytes(event).finish();
}
