import type { Endings } from "#platform/runtime/endings.ts";
import { startServerProcess } from "../../ops/scenarios/server-process.ts";

/** Which modules each process runs: two of what must stand others beside it. Clients call the last one. */
const processes = [
  ["auth", "user"],
  ["chat"],
  ["chat"],
  ["projector"],
  ["presence", "media"],
  ["gateway"],
  ["gateway"],
] as const;

export interface Split {
  /** Of a gateway. */
  readonly url: string;
  /** Of all. */
  readonly urls: readonly string[];
}

/** Starts an installation as many processes on one machine. */
export async function startSplit(
  env: Record<string, string> & { PARLEY_DATA: string },
  endings: Endings,
): Promise<Split> {
  const started = await Promise.allSettled(
    processes.map((modules) => startServerProcess(env.PARLEY_DATA, { ...env, PARLEY_TARGETS: modules.join(",") })),
  );
  for (const result of started) if (result.status === "fulfilled") endings.push(() => result.value.stop());
  const urls = started.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value.url;
  });
  return { url: urls.at(-1) ?? "", urls };
}
