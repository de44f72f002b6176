import type { SqliteDatabase, SqlRow } from "#platform/engines/sqlite.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Store } from "#platform/runtime/open-store.ts";

/** How often what was read, by name: of the log `read`, `tail` and `follow`, of the store the table. */
export class ReadCounts {
  #counts = new Map<string, number>();

  note(what: string, times = 1): void {
    this.#counts.set(what, this.of(what) + times);
  }

  of(...names: readonly string[]): number {
    return names.reduce((sum, name) => sum + (this.#counts.get(name) ?? 0), 0);
  }

  /** What was counted since the last time. */
  take(): ReadCounts {
    const taken = new ReadCounts();
    taken.#counts = this.#counts;
    this.#counts = new Map();
    return taken;
  }
}

export function countedLog(log: EventLog, counts: ReadCounts): EventLog {
  return {
    ...log,
    read(...call) {
      counts.note("read");
      return log.read(...call);
    },
    tail(...call) {
      counts.note("tail");
      return log.tail(...call);
    },
    follow(...call) {
      counts.note("follow");
      log.follow(...call);
    },
  };
}

/** The tables that are named are those right behind FROM. */
export function countedStore(store: Store, counts: ReadCounts): Store {
  if (store.kind !== "sqlite") throw new TypeError("only statements of SQLite are counted");
  const { db } = store;
  const note = (sql: string) => counts.note(/\bFROM\s+(\w+)/i.exec(sql)?.[1] ?? sql);
  const counted: SqliteDatabase = {
    ...db,
    query(sql, ...params): SqlRow[] {
      note(sql);
      return db.query(sql, ...params);
    },
    get(sql, ...params) {
      note(sql);
      return db.get(sql, ...params);
    },
  };
  return { kind: "sqlite", db: counted };
}
