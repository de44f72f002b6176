/** One change: `value` undefined removes the key. */
export interface Change {
  readonly key: string;
  readonly value: string | undefined;
}

/**
 * Where a client keeps what must outlive it: its session, messages that are not yet acknowledged, and where its streams
 * stand. Keys and values are text.
 *
 * `write` makes all changes or none, and resolves once they are durable; a later `get` or `list`, by this or another
 * process that shares the storage, sees them. Writes take effect in the order they are called.
 * `list` returns pairs whose key starts with `prefix`, in the order of their keys.
 */
export interface Storage {
  get(key: string): Promise<string | undefined>;
  list(prefix: string): Promise<[key: string, value: string][]>;
  write(changes: readonly Change[]): Promise<void>;
  /** Releases the storage once its writes are durable. Closing twice is harmless. */
  close(): Promise<void>;
}
