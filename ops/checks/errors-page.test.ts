import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { ErrorFactory } from "#platform/runtime/errors.ts";
import { authErrors } from "../../services/auth/errors.ts";
import { backupErrors } from "../../services/backup/errors.ts";
import { chatErrors } from "../../services/chat/errors.ts";
import { mediaErrors } from "../../services/media/errors.ts";
import { presenceErrors } from "../../services/presence/errors.ts";
import { userErrors } from "../../services/user/errors.ts";
import { root } from "../command.ts";

const page = readFileSync(join(root, "docs/errors.md"), "utf8");

// The tables of the code hold every reason of the contracts, or they would not compile.
const tables: [message: string, table: Readonly<Record<string, ErrorFactory>>][] = [
  ["parley.errors.v1.PlatformError", platformErrors],
  ["parley.auth.v1.AuthError", authErrors],
  ["parley.user.v1.UserError", userErrors],
  ["parley.chat.v1.ChatError", chatErrors],
  ["parley.presence.v1.PresenceError", presenceErrors],
  ["parley.media.v1.MediaError", mediaErrors],
  ["parley.backup.v1.BackupError", backupErrors],
];

test("every table of the contracts is here", () => {
  expect(tables).toHaveLength(globSync("proto/parley/*/v1/errors.proto", { cwd: root }).length);
});

test.each(tables)("docs/errors.md lists the reasons of %s as the server answers them", (message, table) => {
  expect(documented(message)).toEqual(Object.entries(table).map(rowOf));
});

function rowOf([name, { row }]: [string, ErrorFactory]): string {
  return `${name} ${nameOf(row.code)} ${row.retryable ? "yes" : "no"}`;
}

/** As gRPC writes it, with its spelling of one word. */
function nameOf(code: Code): string {
  if (code === Code.Canceled) return "CANCELLED";
  return (Code[code] ?? "").replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

function documented(message: string): string[] {
  const section = page.split(/^## /m).find((text) => text.includes(`\`${message}\``)) ?? "";
  return [...section.matchAll(/^\| `(\w+)` \| `(\w+)` \| (yes|no) \|/gm)].map(([, ...cells]) => cells.join(" "));
}
