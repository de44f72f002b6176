import type { Fleet } from "./fleet.ts";
import type { Competition, LeasedWork, Leases } from "./leases.ts";
import type { Process, Processes } from "./processes.ts";

/** A fleet of one process, to which everything belongs. */
export function createMemoryFleet(self: Process): Fleet {
  return { self, processes: onlyProcess(self), leases: leasesOf(self), close: async () => {} };
}

function onlyProcess(self: Process): Processes {
  const listeners = new Set<() => void>();
  let isAnnounced = false;
  const tell = (now: boolean) => {
    isAnnounced = now;
    for (const listener of listeners) listener();
  };
  return {
    announce: () => tell(true),
    withdraw: () => tell(false),
    running: () => [self],
    serving: (module) => (isAnnounced && self.modules.includes(module) ? [self] : []),
    onChange: (listener) => listenIn(listeners, listener),
  };
}

function leasesOf(self: Process): Leases {
  const listeners = new Set<() => void>();
  const held = new Map<string, Set<number>>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    compete(group, keys, work) {
      const mine = new Set<number>();
      held.set(group, mine);
      return holdAll(mine, keys, work, tell);
    },
    holderOf: (group, key) => (held.get(group)?.has(key) ? self : undefined),
    onChange: (listener) => listenIn(listeners, listener),
  };
}

function holdAll(held: Set<number>, keys: number, work: LeasedWork, tell: () => void): Competition {
  const leaving = new Map<number, Promise<void>>();
  let isStopped = false;
  const gain = (key: number) => {
    held.add(key);
    work.gained(key);
    tell();
  };
  const lose = async (key: number) => {
    await work.lost(key);
    leaving.delete(key);
    held.delete(key);
    tell();
    if (!isStopped) gain(key);
  };
  const giveUp = (key: number) => {
    if (held.has(key) && !leaving.has(key)) leaving.set(key, lose(key));
  };
  for (let key = 0; key < keys; key++) gain(key);
  return {
    shared: () => keys,
    giveUp,
    async stop() {
      isStopped = true;
      for (const key of held) giveUp(key);
      await Promise.all(leaving.values());
    },
  };
}

function listenIn(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
