import { types } from "cassandra-driver";

/** A value that CQL stores: text, int and bigint, blob. Integers are read as numbers where a number can hold them. */
export type CqlValue = null | number | bigint | string | Uint8Array;
/** `undefined` leaves a column as it is: unlike null it writes no tombstone. A list is for `IN ?`. */
export type CqlParam = CqlValue | undefined | readonly string[];
export type CqlRow = Readonly<{ [column: string]: CqlValue }>;

/** A parameter as the driver takes it. */
export function encodeParam(value: CqlParam): unknown {
  if (typeof value === "bigint") return longOf(value);
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value;
}

/** A row as the driver gives it, whose values are its own fields. */
export function decodeRow(row: types.Row): CqlRow {
  const decoded: { [column: string]: CqlValue } = {};
  for (const column of Object.keys(row)) decoded[column] = decodeValue(row[column]);
  return decoded;
}

function decodeValue(value: unknown): CqlValue {
  if (typeof value === "string" || typeof value === "number") return value;
  if (value === null || value === undefined) return null;
  if (value instanceof types.Long) {
    const number = value.toNumber();
    return Number.isSafeInteger(number) ? number : BigInt(value.toString());
  }
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError("a column of a type that the store does not use");
}

function longOf(value: bigint): types.Long {
  return types.Long.fromBits(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}
