import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type File, FileSchema } from "#gen/parley/backup/v1/backup_pb.js";

/** Files of a backup: the two databases, and the folders that are copied as they are. */
export const layout = {
  store: "store.db",
  log: "log.db",
  blobs: "blobs",
  /** The part of the blobs that is whole. */
  sealed: "sealed",
  keys: "keys",
  manifest: "manifest.json",
} as const;

/** All files below a folder, as paths within it; none where there is no such folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => relative(folder, path)).sort();
}

/** Describes a file as a backup names it: its size and SHA-256. */
export async function describeFile(source: string, path: string): Promise<File> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(source)) hash.update(chunk);
  const { size } = await stat(source);
  return create(FileSchema, { path: path.split(sep).join("/"), size: BigInt(size), sha256: hash.digest() });
}
