import { addressBlock } from "./client-address.ts";

/** Counts what each address has open: connections, or calls. */
export interface OpenLimit {
  /** Counts one more and returns what takes it back, once, when it closes; undefined where `max` are open. */
  enter(address: string): (() => void) | undefined;
}

const nothing = () => {};

/** `max` at a time for each key of an address; 0: no limit. Only what is open takes memory. */
export function createOpenLimit(max: number, keyOf: (address: string) => string = addressBlock): OpenLimit {
  if (max === 0) return { enter: () => nothing };
  const open = new Map<string, number>();
  return {
    enter(address) {
      const key = keyOf(address);
      const count = open.get(key) ?? 0;
      if (count >= max) return undefined;
      open.set(key, count + 1);
      let isIn = true;
      return () => {
        if (isIn) leave(open, key);
        isIn = false;
      };
    },
  };
}

function leave(open: Map<string, number>, key: string): void {
  const count = open.get(key) ?? 0;
  if (count > 1) open.set(key, count - 1);
  else open.delete(key);
}
