/** Where one shard of an installation is on NATS. */
export interface ShardNames {
  readonly stream: string;
  /** Records are published here, and only the stream listens. */
  readonly subject: string;
  /** The stream repeats here what it has stored. */
  readonly live: string;
  /** Who appends tells the tail here. */
  readonly tick: string;
}

export function shardNames(name: string, shard: number): ShardNames {
  return {
    stream: `${name}-log-${shard}`,
    subject: `${name}.log.${shard}`,
    live: `${name}.live.${shard}`,
    tick: `${name}.tick.${shard}`,
  };
}
