import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reapLater } from "./reaping.ts";

export interface RunFolder {
  readonly path: string;
  remove(): void;
}

/** A temporary folder that goes when it is removed, or when this process dies. */
export function createRunFolder(engine: string): RunFolder {
  const path = mkdtempSync(join(tmpdir(), `parley-${engine}-`));
  const strikeOff = reapLater({ folder: path });
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
      strikeOff();
    },
  };
}
