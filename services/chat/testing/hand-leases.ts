import type { LeasedWork, Leases } from "#platform/fleet/leases.ts";
import type { Process } from "#platform/fleet/processes.ts";

/** Leases that go where a test says. All are held at first; one that is given up stays so until it is given again. */
export interface HandLeases extends Leases {
  give(key: number): void;
  /** Resolves once the work on the key has ended. */
  take(key: number): Promise<void>;
}

const self: Process = { id: "this process", address: "http://127.0.0.1:1", modules: ["chat"], shards: 4 };

export function createHandLeases(): HandLeases {
  const held = new Set<number>();
  let work: LeasedWork | undefined;
  const give = (key: number) => {
    if (held.has(key)) return;
    held.add(key);
    work?.gained(key);
  };
  const take = async (key: number) => {
    if (held.delete(key)) await work?.lost(key);
  };
  return {
    compete(_group, keys, given) {
      work = given;
      for (let key = 0; key < keys; key++) give(key);
      return {
        shared: () => keys,
        giveUp: (key) => void take(key),
        async stop() {
          await Promise.all([...held].map(take));
        },
      };
    },
    holderOf: (_group, key) => (held.has(key) ? self : undefined),
    onChange: () => () => undefined,
    give,
    take,
  };
}
