import { isUtf8 } from "node:buffer";
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { BinaryReader } from "@bufbuild/protobuf/wire";

/** Reads the value of one field and keeps nothing of it. Throws where `fromBinary` does. */
type ReadField = (reader: BinaryReader, depth: number) => void;

/** How deep messages and unknown groups may stand in one another. */
const maxDepth = 100;
const fieldsOf = new WeakMap<DescMessage, readonly (ReadField | undefined)[]>();

/**
 * Reads through a message that takes the next `length` bytes, and throws where `fromBinary` would: what was read through
 * once can be decoded at any later time. It takes a fraction of what decoding does, and leaves nothing to collect.
 * `onField` takes fields of the message itself that are wanted, and returns false for all others.
 */
export function readThrough(
  schema: DescMessage,
  reader: BinaryReader,
  length: number,
  onField?: (number: number, reader: BinaryReader) => boolean,
  depth = 1,
): void {
  const fields = fieldsOf.get(schema) ?? prepare(schema);
  const end = reader.pos + length;
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    if (onField?.(number, reader)) continue;
    const read = fields[number];
    if (read) read(reader, depth);
    else reader.skip(wireType, number, maxDepth - depth);
  }
}

function prepare(schema: DescMessage): readonly (ReadField | undefined)[] {
  const fields: (ReadField | undefined)[] = [];
  for (const field of schema.fields) fields[field.number] = readerOf(field);
  fieldsOf.set(schema, fields);
  return fields;
}

function readerOf(field: DescField): ReadField {
  const { message } = field;
  if (message && field.fieldKind !== "map") {
    return (reader, depth) => readThrough(message, reader, reader.uint32(), undefined, depth + 1);
  }
  if (field.fieldKind === "enum") return (reader) => reader.uint32();
  if (field.fieldKind === "scalar") return scalarReaders[field.scalar] ?? unsupported(field);
  return unsupported(field);
}

const scalarReaders: Partial<Record<ScalarType, ReadField>> = {
  [ScalarType.STRING]: readString,
  [ScalarType.BYTES]: (reader) => reader.bytes(),
  [ScalarType.BOOL]: (reader) => reader.bool(),
  [ScalarType.INT32]: (reader) => reader.uint32(),
  [ScalarType.UINT32]: (reader) => reader.uint32(),
  [ScalarType.INT64]: (reader) => reader.uint64(),
  [ScalarType.UINT64]: (reader) => reader.uint64(),
};

function readString(reader: BinaryReader): void {
  if (!isUtf8(reader.bytes())) throw new TypeError("a text that is not UTF-8");
}

function unsupported(field: DescField): never {
  throw new TypeError(`${field.parent.typeName}.${field.name} can't be read through`);
}
