import { until } from "#platform/testing/until.ts";
import type { Town } from "./town.ts";
import { startWatcher, type Watcher } from "./watcher.ts";

/** How the watchers listen; the last one leaves and resumes all the time. */
export const watcherKinds = [
  { kind: { protocol: "connect", isBinary: true, compresses: false, httpVersion: "2" }, breakEveryMs: 0 },
  { kind: { protocol: "grpc", isBinary: true, compresses: true, httpVersion: "2" }, breakEveryMs: 0 },
  { kind: { protocol: "grpc-web", isBinary: false, compresses: false, httpVersion: "1.1" }, breakEveryMs: 0 },
  { kind: { protocol: "websocket", isBinary: true, compresses: false, httpVersion: "1.1" }, breakEveryMs: 0 },
  { kind: { protocol: "connect", isBinary: false, compresses: true, httpVersion: "2" }, breakEveryMs: 700 },
] as const;

/** For each kind one, who is live; they are the first people of the town. */
export async function startWatchers(town: Town): Promise<Watcher[]> {
  const watchers = watcherKinds.map(({ kind, breakEveryMs }, n) => {
    const person = town.people[n];
    if (!person) throw new RangeError("the town is too small");
    return startWatcher({ town, person, kind, breakEveryMs });
  });
  await until(() => (watchers.every(({ isLive }) => isLive) ? "" : "not all watchers are live"));
  return watchers;
}

/** Says what a watcher lacks of what was acknowledged; "" where nothing. */
export function describeMissing(watchers: readonly Watcher[], heads: ReadonlyMap<string, number>): string {
  const missing = watchers.flatMap(({ name, seen }) =>
    [...heads]
      .filter(([id, head]) => (seen.get(id) ?? 0) < head)
      .map(([id, head]) => `${name}: ${seen.get(id)} of ${head}`),
  );
  return missing.join(", ");
}
