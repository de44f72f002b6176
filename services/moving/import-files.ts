import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "#platform/runtime/config.ts";
import { makeSecretFile } from "#platform/runtime/key-file.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { fileFolders } from "./export-files.ts";
import { copyFile } from "./files.ts";
import { beginPart, endPart, type ImportPass, notePart } from "./import-pass.ts";

interface ImageFile {
  readonly path: string;
  readonly sha256: Uint8Array;
}

const part = "file";

/** Puts the keys where processes will look for them. Throws StartError where there are others. */
export async function importKeys({ image }: Pick<ImportPass, "image">, keysDir: string): Promise<void> {
  for (const { path, sha256 } of filesOf(image, fileFolders.keys, 0)) {
    const key = await readFile(join(image.folder, path));
    if (Buffer.compare(createHash("sha256").update(key).digest(), sha256) !== 0) throw damaged(path);
    const target = join(keysDir, path.slice(fileFolders.keys.length + 1));
    makeSecretFile(target, key);
    if (Buffer.compare(await readFile(target), key) === 0) continue;
    throw new StartError(`${target} is of another installation: set PARLEY_KEYS to a folder without keys.`);
  }
}

/** Copies the files that have changed since they were imported before; each is compared as it is copied. */
export async function importFiles(pass: ImportPass, { blobs }: Pick<Config, "blobs">): Promise<number> {
  const { image, signal, progress } = pass;
  const begun = beginPart(pass, part);
  if (!begun) return 0;
  const files = filesOf(image, fileFolders.blobs, begun.after);
  for (const [index, { path, sha256 }] of files.entries()) {
    if (index < begun.written) continue;
    signal.throwIfAborted();
    const target = join(blobs.path, path.slice(fileFolders.blobs.length + 1));
    const copied = await copyFile(join(image.folder, path), target);
    if (Buffer.compare(copied.sha256, sha256) !== 0) throw damaged(path);
    notePart(pass, part, index + 1);
    progress("import files", index + 1, files.length);
  }
  endPart(pass, part);
  return files.length - begun.written;
}

function damaged(path: string): StartError {
  return new StartError(`The export is damaged: ${path} is not what was written. Export to a new folder.`);
}

function filesOf({ db }: ImportPass["image"], folder: string, after: number): ImageFile[] {
  const sql = "SELECT path, sha256 FROM file WHERE path LIKE ? || '/%' AND generation > ? ORDER BY path";
  return db
    .prepare(sql)
    .all(folder, after)
    .map(({ path, sha256 }) => {
      if (!(sha256 instanceof Uint8Array)) throw new TypeError("a file without hash");
      return { path: String(path), sha256 };
    });
}
