import type { Process } from "./processes.ts";

/**
 * Which process works on which key of a group, such as the shards of "sequencer". A group has keys from 0 on. The
 * processes that compete for it share its keys: each holds as many as any other, or one more. A process that joins gets
 * its share from those that have too many, and nothing else moves; a process that ends in order hands its keys over, and
 * those of one that is gone are taken by the others.
 *
 * A lease says who should do the work. It never proves that nobody else does: a process that stood still does not know
 * yet that it lost one. Whatever must be done by one process only is fenced where it is written. A holder that can't
 * reach the engine keeps what it holds.
 */
export interface Leases {
  /**
   * Begins to compete for the keys 0 to `keys` - 1. Where another competitor names fewer, only as many are shared out,
   * so that all come to the same result; a further one stays with who holds it.
   */
  compete(group: string, keys: number, work: LeasedWork): Competition;
  /** Who holds a key as far as is known here, answered at once; undefined while nobody does. */
  holderOf(group: string, key: number): Process | undefined;
  /** Calls the listener after each change of what is answered, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** What a competitor does with its keys. For each key the calls alternate, beginning with `gained`. */
export interface LeasedWork {
  /** The key is held: begin to work. */
  gained(key: number): void;
  /**
   * The key is to go to another process, or has gone already: begin nothing new and finish what was begun. The key is
   * given up once this resolves, and is not gained again before.
   */
  lost(key: number): Promise<void>;
}

/** The part of one process in the competition for a group. */
export interface Competition {
  /** How many keys are shared out now. */
  shared(): number;
  /** Gives a key up, after `lost`, and competes for it again: for who finds that another process does the work. */
  giveUp(key: number): void;
  /** Gives all keys up, each after `lost`, and competes no longer. Doing it twice is harmless. */
  stop(): Promise<void>;
}
