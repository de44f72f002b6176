/** What every engine of the tests offers, whoever started it. */

export const engineNames = ["nats", "nats-cluster", "cql", "redis"] as const;
export type EngineName = (typeof engineNames)[number];

/** How others reach an engine; it may be passed on to other processes. */
export interface EngineAddress {
  /** What the setting takes, without a namespace or a keyspace: `nats://127.0.0.1:4222,127.0.0.1:4223`. */
  readonly url: string;
  /** Where NATS servers are monitored, each with `/varz`; empty for other engines. */
  readonly monitors: readonly string[];
}

/** An engine that whoever has it may use, and gives up when done. */
export interface SharedEngine extends EngineAddress {
  readonly name: EngineName;
  /** Ends what was started for it; what was there before is left alone. Twice is harmless. */
  stop(): Promise<void>;
}

/** An engine in processes of its own. If the process that started it dies, the engine and its data go with it. */
export interface Engine extends SharedEngine {
  readonly nodes: readonly EngineNode[];
  /** Waits until all nodes answer and, in a cluster, follow a leader. */
  ready(): Promise<void>;
  /** Ends all nodes, paused ones too, and removes their data, unless `StartOptions.folder` holds it. */
  stop(): Promise<void>;
}

/** One process of an engine, for tests of faults. */
export interface EngineNode {
  readonly name: string;
  /** `host:port` for clients. */
  readonly address: string;
  /** Where its data is. */
  readonly folder: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** The end of what it has printed. */
  output(): string;
  /** Ends it, by SIGKILL unless another signal is named, and waits until it is gone. Its data stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGSTOP: its connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it on the same ports and data, killing it first if it runs, and waits until it answers. */
  restart(): Promise<void>;
}

export interface StartOptions {
  /** A folder for the data that stays the caller's, such as a small tmpfs. By default a temporary one. */
  readonly folder?: string;
  /** Program and arguments before each node's command line, such as `ip netns exec …`, by the node's number from 0. */
  readonly wrapper?: (node: number) => readonly string[];
  /** The address that each node listens at, by its number from 0; 127.0.0.1 by default. */
  readonly host?: (node: number) => string;
  /**
   * Acknowledge after fsync. By default NATS does, as a server demands it of its log. Cassandra does not, as its users
   * have it: what it acknowledged less than 10 s before a SIGKILL may be gone.
   */
  readonly syncAlways?: boolean;
  /**
   * Cassandra as its operators have it, for measures that take minutes: with room for its rows, and compiled in full. By
   * default it is small and quick to start.
   */
  readonly steady?: boolean;
}
