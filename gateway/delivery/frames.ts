import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Frame, FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";

/**
 * A frame on its way to a client. The frame of an event is made once and shared by all streams: never change it.
 * Once the item is written, the stream covers `shard` up to `position`; position 0: nothing new is covered.
 */
export interface Item {
  readonly frame: Frame;
  /** Size for the bound of the queue. */
  readonly bytes: number;
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

export function makeFrame(frame: FrameInit): Frame {
  return create(FrameSchema, { frame });
}

/** A frame that moves no position. */
export function plainItem(frame: FrameInit): Item {
  return { frame: makeFrame(frame), bytes: frameBytes, shard: 0, position: 0 };
}

/** A frame with which a stream comes to `position`. */
export function itemAt({ shard, position }: LogPlace, frame: FrameInit): Item {
  return { ...plainItem(frame), shard, position };
}

export function eventItem(entry: FollowedEntry): Item {
  const item = itemAt(entry, { case: "event", value: entry.event });
  return { ...item, bytes: entry.bytes.length + frameBytes };
}

export function tokenItem(frame: FrameInit, covers: readonly number[]): Item {
  return { ...plainItem(frame), covers };
}
