import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import type { SealBinding, Sealer } from "#platform/runtime/sealing.ts";

/** Where a stream is in the log: per shard the last position that it covers, and in which life of the log. */
export interface Cursor {
  /** When the token was made, in milliseconds. */
  readonly time: number;
  /** By shard. One that is missing was added later: everything on it is new. */
  readonly shards: readonly ShardCursor[];
}

export interface ShardCursor {
  readonly incarnation: number;
  readonly position: number;
}

const formatVersion = 1;

/** A token that only the same user and device can use. */
export function sealCursor(sealer: Sealer, holder: UserIdentity, cursor: Cursor): string {
  return sealer.seal(bindingOf(holder), encodeCursor(cursor));
}

/** Seals positions that streams have come to in this life of the log, as of now unless told. */
export function createPositionSealer(sealer: Sealer, incarnation: number, now: () => number) {
  /** Streams that are told at one time mostly stand at one place. An array of positions never changes. */
  let last: { readonly time: number; readonly positions: readonly number[]; readonly content: Uint8Array } | undefined;
  return (holder: UserIdentity, positions: readonly number[], time = now()): string => {
    if (last?.time !== time || last.positions !== positions) {
      const shards = positions.map((position) => ({ position, incarnation }));
      last = { time, positions, content: encodeCursor({ time, shards }) };
    }
    return sealer.seal(bindingOf(holder), last.content);
  };
}

/** The cursor, or undefined where the token is malformed, forged or another's. */
export function openCursor(sealer: Sealer, holder: UserIdentity, token: string): Cursor | undefined {
  const content = sealer.open(bindingOf(holder), token);
  return content && decodeCursor(content);
}

function bindingOf({ userId, deviceId }: UserIdentity): SealBinding {
  return { purpose: "resume", holder: [userId, deviceId] };
}

/** Varints: version, time, number of shards; then for each its position and by how much its incarnation exceeds 1. */
function encodeCursor({ time, shards }: Cursor): Uint8Array {
  const writer = new BinaryWriter().uint32(formatVersion).uint64(time).uint32(shards.length);
  for (const { position, incarnation } of shards) writer.uint64(position).uint32(incarnation - 1);
  return writer.finish();
}

function decodeCursor(content: Uint8Array): Cursor | undefined {
  const reader = new BinaryReader(content);
  if (reader.uint32() !== formatVersion) return undefined;
  const time = Number(reader.uint64());
  const shards = Array.from({ length: reader.uint32() }, () => ({
    position: Number(reader.uint64()),
    incarnation: reader.uint32() + 1,
  }));
  return { time, shards };
}
