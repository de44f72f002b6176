import { userId } from "#platform/runtime/ids.ts";
import type { Account, Registration } from "./account-store.ts";

/** A row as every engine gives it. */
export type Row = Readonly<{ [column: string]: null | number | bigint | string | Uint8Array }>;

export function readAccount(row: Row): Account {
  return {
    userId: userId(String(row.user_id)),
    handle: String(row.handle),
    phone: String(row.phone),
    email: String(row.email),
    passwordHash: String(row.password_hash),
    createdAt: Number(row.created_at),
  };
}

export function readRegistration(row: Row): Registration {
  return {
    userId: userId(String(row.user_id)),
    contentHash: readBytes(row.content_hash),
    createdAt: Number(row.created_at),
  };
}

export function readBytes(value: Row[string] | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("a column without bytes");
  return value;
}
