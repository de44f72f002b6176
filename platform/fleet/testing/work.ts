import type { LeasedWork } from "../leases.ts";

/** Work on leased keys that does nothing but say what it was told. Throws where the order of calls breaks the contract. */
export interface RecordedWork extends LeasedWork {
  /** Keys that are worked on. */
  readonly held: ReadonlySet<number>;
  /** Keys whose work is asked to end, and has not. */
  readonly losing: ReadonlySet<number>;
  calls(key: number): readonly ("gained" | "lost")[];
  /** The work on a key does not end before the returned function is called. */
  holdUp(key: number): () => void;
}

export function createWork(): RecordedWork {
  const [held, losing] = [new Set<number>(), new Set<number>()];
  const told: { readonly key: number; readonly call: "gained" | "lost" }[] = [];
  const heldUp = new Map<number, Promise<void>>();
  const note = (key: number, call: "gained" | "lost") => {
    const isTurn = call === "gained" ? !held.has(key) && !losing.has(key) : held.has(key);
    if (!isTurn) throw new Error(`${call} out of turn: ${key}`);
    told.push({ key, call });
  };
  return {
    held,
    losing,
    gained(key) {
      note(key, "gained");
      held.add(key);
    },
    async lost(key) {
      note(key, "lost");
      held.delete(key);
      losing.add(key);
      await heldUp.get(key);
      losing.delete(key);
    },
    calls: (key) => told.filter((call) => call.key === key).map(({ call }) => call),
    holdUp(key) {
      const { promise, resolve } = Promise.withResolvers<void>();
      heldUp.set(key, promise);
      return resolve;
    },
  };
}
