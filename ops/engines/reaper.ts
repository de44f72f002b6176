/**
 * Outlives the process that started it by a moment: when its standard input ends, it kills the processes and removes the
 * folders that are still on its list. Each line of input is a Due, put on the list or struck off.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Due } from "./reaping.ts";

const list = new Map<string, Due>();

for await (const line of createInterface({ input: process.stdin })) {
  const { done, ...due }: Due & { done?: boolean } = JSON.parse(line);
  if (done) list.delete(JSON.stringify(due));
  else list.set(JSON.stringify(due), due);
}

const all = [...list.values()];
for (const { pid } of all) if (pid) kill(pid);
for (const { command } of all) if (command) spawnSync(command[0] ?? "", command.slice(1));
for (const { folder } of all) if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

/** The whole group, which a wrapper and its program are; the process alone where it leads none. */
function kill(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
      return;
    } catch {
      // It is gone, or leads no group.
    }
  }
}
