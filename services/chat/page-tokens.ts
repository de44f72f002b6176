import type { UserId } from "#platform/runtime/ids.ts";
import type { Sealer } from "#platform/runtime/sealing.ts";
import { chatErrors } from "./errors.ts";

/** A token for the page after `key`, good for this user only. */
export function sealPage(sealer: Sealer, user: UserId, key: string): string {
  return sealer.seal({ purpose: "page", holder: [user] }, Buffer.from(key));
}

/** The key that a page starts after; empty for the first page. */
export function openPage(sealer: Sealer, user: UserId, token: string): string {
  if (token === "") return "";
  const key = sealer.open({ purpose: "page", holder: [user] }, token);
  if (!key) throw chatErrors.INVALID_TOKEN({ message: "page_token" });
  return Buffer.from(key).toString();
}
