/** How far a consumer has applied a shard's log. */
export interface Checkpoint {
  readonly incarnation: number;
  /** Last position that was applied; all below it were too. 0: none. */
  readonly position: number;
  /** SHA-256 of that position's entry: tells whether the log still holds what was applied. */
  readonly entryHash: Uint8Array;
}

/**
 * Checkpoints of the consumers of the log. A consumer writes its own, together with or after what the checkpoint
 * covers, and never backwards. Partition: consumer; clustering: shard.
 *
 * A consumer is registered by its first checkpoint of any shard. From then on the log keeps, of every shard, what the
 * consumer has not covered.
 */
export interface CheckpointStore {
  /** The checkpoint, or undefined for a consumer that has none yet. */
  read(consumer: string, shard: number): Promise<Checkpoint | undefined>;
  /** An older checkpoint than the stored one changes nothing. */
  write(consumer: string, shard: number, checkpoint: Checkpoint): Promise<void>;
  /** Names of all registered consumers, in any order: the partition keys, of which there are a handful. */
  consumers(): Promise<string[]>;
}
