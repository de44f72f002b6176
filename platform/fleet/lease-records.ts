/** Who holds a key, as it is recorded for good. */
export interface LeaseRecord {
  /** Id of a process; empty: nobody. */
  readonly holder: string;
  /** Rises with each write to the key. */
  readonly revision: number;
}

/** The records that decide between processes which want the same key. A key without a record has revision 0. */
export interface LeaseRecords {
  /** May be older than the last write. Rejects where it can't be known. */
  read(group: string, key: number): Promise<LeaseRecord>;
  /**
   * Writes where the record's revision still is `revision`. Resolves with the new one, or undefined where it was
   * another. Rejects where the outcome is not known.
   */
  write(group: string, key: number, holder: string, revision: number): Promise<number | undefined>;
}
