import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Endings } from "#platform/runtime/endings.ts";
import { reapLater } from "../../engines/reaping.ts";

/** A small disk in memory, for one engine. */
export interface Disk {
  readonly folder: string;
  /** Leaves no room on it. */
  fill(): void;
  empty(): void;
}

const chunkBytes = 1024 * 1024;

/** Mounts a disk at `folder`; throws where this user may not. `endings` takes it away. */
export function mountDisk(folder: string, megabytes: number, endings: Endings): Disk {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "parley-chaos", folder], { stdio: "pipe" });
  const strikeOff = reapLater({ command: ["umount", "--lazy", folder] });
  endings.push(() => {
    execFileSync("umount", ["--lazy", folder]);
    strikeOff();
  });
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      for (let free = freeBytes(folder); free > 0; free = freeBytes(folder)) {
        try {
          writeFileSync(ballast, Buffer.alloc(Math.min(chunkBytes, free)), { flag: "a" });
        } catch {
          return; // It was filled meanwhile.
        }
      }
    },
    empty: () => rmSync(ballast, { force: true }),
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
