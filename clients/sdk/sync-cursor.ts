import type { Storage } from "./storage.ts";

/** How far a stream was followed: its token, and the last `seq` of each conversation. */
export interface SyncCursor {
  token: string;
  readonly lasts: Map<string, bigint>;
  /** Keeps both together; a crash never leaves one without the other. */
  save(): Promise<void>;
}

interface StoredCursor {
  readonly token: string;
  readonly lasts: Readonly<Record<string, string>>;
}

/** Opens the cursor kept under `key`; a new one has no token. */
export async function openSyncCursor(storage: Storage, key: string): Promise<SyncCursor> {
  const text = await storage.get(key);
  const stored: StoredCursor = text === undefined ? { token: "", lasts: {} } : JSON.parse(text);
  const cursor: SyncCursor = {
    token: stored.token,
    lasts: new Map(Object.entries(stored.lasts).map(([id, seq]) => [id, BigInt(seq)])),
    async save() {
      const lasts = Object.fromEntries([...cursor.lasts].map(([id, seq]) => [id, String(seq)]));
      await storage.write([{ key, value: JSON.stringify({ token: cursor.token, lasts } satisfies StoredCursor) }]);
    },
  };
  return cursor;
}
