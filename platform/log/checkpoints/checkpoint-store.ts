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
 */
export interface CheckpointStore {
  /** The checkpoint, or undefined for a consumer that has none yet. */
  read(consumer: string, shard: number): Promise<Checkpoint | undefined>;
  /** An older checkpoint than the stored one changes nothing. */
  write(consumer: string, shard: number, checkpoint: Checkpoint): Promise<void>;
}
