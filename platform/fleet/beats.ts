import type { Process } from "./processes.ts";

/** What a process tells of itself. */
export interface Beat {
  readonly process: Process;
  /** Rises with each beat of a process. */
  readonly number: number;
  readonly isAnnounced: boolean;
  readonly groups: { readonly [group: string]: GroupPart };
}

/** What a process has to do with a group of leases. */
export interface GroupPart {
  readonly competes: boolean;
  /** How many keys there are, as it knows. */
  readonly keys: number;
  /** The keys that it holds, with the revision under which it took each. */
  readonly held: { readonly [key: string]: number };
}

export type News = "own beat" | "change";

/** The beats of all processes of an installation. */
export interface Beats {
  /** Id of this process. */
  readonly self: string;
  /** The last beat of each process that runs; the own one as it would be told now. */
  all(): readonly Beat[];
  /** Whether a process may run: it was heard lately, or it can't be told yet. */
  mayRun(id: string): boolean;
  /** From now on this process serves its modules; told at once. */
  announce(): void;
  /** From now on it serves nothing more; told at once. */
  withdraw(): void;
  /** Changes what is told of a group, and tells it at once. */
  tell(group: string, part: GroupPart): void;
  /** Calls the listener with each own beat that comes back, and with each change of what is heard. Returns what ends it. */
  listen(listener: (news: News) => void): () => void;
  /** Says good-bye. Closing twice is harmless. */
  close(): Promise<void>;
}
