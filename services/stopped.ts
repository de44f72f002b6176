import { setTimeout as wait } from "node:timers/promises";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** How long other processes of the installation are listened for: they speak up every second. */
const listenMs = 3_000;

/** Throws StartError where another process of the installation runs than this one. */
export async function requireStopped({ processes }: Fleet): Promise<void> {
  await wait(listenMs);
  const others = processes.running().length - 1;
  if (others > 0) throw new StartError(`${others} processes of this installation run. Stop all of them first.`);
}
