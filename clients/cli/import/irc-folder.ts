import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** One day of a channel. */
export interface IrcFile {
  readonly path: string;
  /** 00:00 UTC of the day that its name tells. */
  readonly dayMs: number;
  readonly bytes: number;
}

const fileName = /^(\d{4}-\d{2}-\d{2})\.txt$/;

/** The days in a folder, earliest first: files named `YYYY-MM-DD.txt`. Others are not logs. */
export async function listIrcFiles(folder: string): Promise<IrcFile[]> {
  const files: IrcFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const dayMs = dayOfFile(name);
    if (dayMs === undefined) continue;
    const path = join(folder, name);
    files.push({ path, dayMs, bytes: (await stat(path)).size });
  }
  return files;
}

/** 00:00 UTC of the day that a file's name tells, or undefined where it tells none. */
export function dayOfFile(name: string): number | undefined {
  const dayMs = Date.parse(`${fileName.exec(name)?.[1]}T00:00:00Z`);
  return Number.isNaN(dayMs) ? undefined : dayMs;
}
