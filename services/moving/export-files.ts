import { join } from "node:path";
import type { Config } from "#platform/runtime/config.ts";
import type { ExportPass } from "./export-pass.ts";
import { noteChange } from "./export-rows.ts";
import { copyFile, filesBelow } from "./files.ts";

/** Folders of the image, with files of users and with keys. */
export const fileFolders = { blobs: "blobs", keys: "keys" } as const;
/** Uploads that are not finished are below it. */
const drafts = "drafts/";

/**
 * Copies keys, and users' files that are not there yet. What is whole never changes; uploads that are not finished come
 * with the last export alone.
 */
export async function exportFiles(
  pass: ExportPass,
  { blobs, keysDir }: Pick<Config, "blobs" | "keysDir">,
): Promise<number> {
  const { source, signal, progress } = pass;
  const keys = await filesBelow(keysDir);
  for (const path of keys) await keep(pass, `${fileFolders.keys}/${path}`, join(keysDir, path));
  const found = (await filesBelow(blobs.path)).filter((path) => source.stands || !path.startsWith(drafts));
  let copied = 0;
  for (const [index, path] of found.entries()) {
    signal.throwIfAborted();
    const name = `${fileFolders.blobs}/${path}`;
    if (path.startsWith(drafts) || !isKept(pass, name)) {
      await keep(pass, name, join(blobs.path, path));
      copied += 1;
    }
    progress("export files", index + 1, found.length);
  }
  if (source.stands) forgetDrafts(pass, new Set(found));
  return copied;
}

function isKept({ image }: ExportPass, path: string): boolean {
  return image.db.prepare("SELECT 1 FROM file WHERE path = ?").get(path) !== undefined;
}

async function keep(pass: ExportPass, path: string, from: string): Promise<void> {
  const { image, generation } = pass;
  const { size, sha256 } = await copyFile(from, join(image.folder, path));
  const sql = `INSERT INTO file VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET size = excluded.size, sha256 = excluded.sha256, generation = excluded.generation WHERE sha256 <> excluded.sha256`;
  image.transaction(() => {
    if (image.db.prepare(sql).run(path, size, sha256, generation).changes) noteChange(pass, "file");
  });
}

/** Uploads that were finished or given up since an earlier export. */
function forgetDrafts({ image }: ExportPass, found: ReadonlySet<string>): void {
  const below = `${fileFolders.blobs}/${drafts}`;
  const paths = image.db.prepare("SELECT path FROM file WHERE path LIKE ? || '%'").all(below);
  for (const { path = null } of paths) {
    if (found.has(String(path).slice(fileFolders.blobs.length + 1))) continue;
    image.db.prepare("DELETE FROM file WHERE path = ?").run(path);
  }
}
