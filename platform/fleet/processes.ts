/** A process of the installation, from its start to its end. */
export interface Process {
  /** New with each start. */
  readonly id: string;
  /** URL under which other processes reach it. */
  readonly address: string;
  /** Names of the modules that it runs. */
  readonly modules: readonly string[];
  /** Number of shards that it follows. One that was started before some were added follows fewer than others. */
  readonly shards: number;
  /** The log's life that it was started in; absent where it has no part in any. */
  readonly incarnation?: number;
}

/** How long it takes until the others know that a process has withdrawn. */
export const withdrawnMs = 300;

/**
 * Which processes of the installation run. What is answered is what was heard last: a process that ended in order is
 * gone at once, one that was killed or stands still once it was not heard for about 2 s. Silence counts only while this
 * process hears itself: where the engine can't be reached nobody is taken for gone, and all stays as it was.
 *
 * It is a hint for who to call. Whether a process does what it is called for is known only by calling it.
 */
export interface Processes {
  /** Tells the others that this process serves its modules now. Until then it is heard, but serves nothing. */
  announce(): void;
  /** Tells the others to call this process no more; it still is heard. They know within `withdrawnMs`. */
  withdraw(): void;
  /** All that run, in the order of their ids; this one always is among them. */
  running(): readonly Process[];
  /** Those that run a module, have been announced, and were started in the log's newest life. */
  serving(module: string): readonly Process[];
  /** Calls the listener after each change of what is answered, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** How many shards all that run follow. What begins on a further one, some of them would not hear of. */
export function shardsOfAll(processes: Pick<Processes, "running">): number {
  return Math.min(...processes.running().map(({ shards }) => shards));
}
