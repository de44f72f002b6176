import type { SqlRow } from "#platform/engines/sqlite.ts";

/** Columns that are written together, beside the key, with the time that says which of several writes stays. */
export interface TimedCells {
  readonly columns: readonly string[];
  readonly timestamp: bigint;
}

/** How rows of a table are written where several processes write them; the tables themselves say the same. */
export type Writing =
  /** The latest write stays. Rows never vanish. */
  | { readonly kind: "timed"; cells(row: SqlRow, about: { readonly incarnation: number }): readonly TimedCells[] }
  /** Each write asks what stands. */
  | { readonly kind: "conditional" }
  | { readonly kind: "plain" };

export interface MovedTable {
  readonly name: string;
  readonly writing: Writing;
  /** Columns of a file that are timestamps where several processes write. */
  readonly timeColumns: readonly string[];
  /** Made from the log alone: what is not copied is made again from there. */
  readonly isProjected: boolean;
}

const conditional: Writing = { kind: "conditional" };
const plain: Writing = { kind: "plain" };

/** A table whose rows are written whole. */
function timed(time: (row: SqlRow, incarnation: number) => bigint, ...columns: string[]): Writing {
  return { kind: "timed", cells: (row, { incarnation }) => [{ columns, timestamp: time(row, incarnation) }] };
}

const byVersion = (...columns: string[]) => timed((row) => integer(row, "version"), ...columns);

/** Only a deletion takes an edit back; null would write a tombstone with each message. */
const message: Writing = {
  kind: "timed",
  cells(row) {
    const columns = ["seq", "author_id", "posted", "edit_seqs", "deleted", "position", "incarnation"];
    const hasEdit = row.edited !== null || integer(row, "deleted") !== 0n;
    return [{ columns: hasEdit ? [...columns, "edited"] : columns, timestamp: integer(row, "version") }];
  },
};

/** Each number of a mark is its own time. */
const mark: Writing = {
  kind: "timed",
  cells: (row) => [
    { columns: ["read_seq", "read_count"], timestamp: integer(row, "read_seq") },
    { columns: ["delivered_seq"], timestamp: integer(row, "delivered_seq") },
    { columns: ["updated_ms"], timestamp: integer(row, "updated_ms") },
  ],
};

/** What was never changed is older than any change. */
const profile: Writing = {
  kind: "timed",
  cells: (row) => [
    { columns: ["handle"], timestamp: 0n },
    ...["display_name", "about", "last_seen"].map((column) => ({
      columns: [column],
      timestamp: integer(row, `${column}_at`),
    })),
  ],
};

const profileTimes = ["display_name_at", "about_at", "last_seen_at"];

/** Everything that the store holds, but for checkpoints, which come last. */
export const movedTables: readonly MovedTable[] = [
  ...projected({
    conversation: byVersion(
      ...["kind", "name", "posting", "history", "pair", "owners", "head_seq", "message_count", "head_time_ms"],
      ...["member_count", "voids", "last_event", "position", "incarnation"],
    ),
    event: byVersion("event", "position"),
    message,
    // As old as its life of the log: rows like these are never taken back.
    deletion: timed((_, incarnation) => BigInt(incarnation) << 42n),
    membership: byVersion(
      ...["role", "ranges", "joined_seq", "joined_count", "last_own_seq", "last_own_count", "position", "incarnation"],
    ),
    membership_by_user: byVersion("role"),
    sent_id: timed(
      (row) => firstCommitted(integer(row, "seq")),
      ...["seq", "message_count", "time_ms", "content_hash"],
    ),
  }),
  ...kept({
    mark,
    mark_by_user: timed((row) => integer(row, "updated_ms"), "updated_ms"),
    creation: conditional,
    direct_pair: conditional,
    account: conditional,
    account_handle: conditional,
    contact_owner: conditional,
    contact_candidate: plain,
    registration: conditional,
    external_account: conditional,
    contact_code: conditional,
    session: conditional,
    profile,
    profile_by_handle: timed(() => 0n, "user_id"),
    last_seen: timed((row) => integer(row, "seen_at"), "seen_at"),
    upload_claim: conditional,
    upload: conditional,
    upload_by_age: plain,
    media: conditional,
  }),
];

/** In a file beside them; not moved as they are. */
export const otherTables: readonly string[] = ["installation", "checkpoint", "migration"];

/** Of several with one client id the one that was committed first stands, but none of an earlier life of the log. */
function firstCommitted(seq: bigint): bigint {
  const numbersPerLife = 2n ** 32n;
  return (2n * (seq / numbersPerLife) + 1n) * numbersPerLife - seq;
}

function projected(tables: Readonly<Record<string, Writing>>): MovedTable[] {
  const timeless = ["deletion", "sent_id"];
  return Object.entries(tables).map(([name, writing]) => ({
    ...{ name, writing, isProjected: true },
    timeColumns: timeless.includes(name) ? [] : ["version"],
  }));
}

function kept(tables: Readonly<Record<string, Writing>>): MovedTable[] {
  return Object.entries(tables).map(([name, writing]) => ({
    ...{ name, writing, isProjected: false },
    timeColumns: name === "profile" ? profileTimes : [],
  }));
}

function integer(row: SqlRow, column: string): bigint {
  const value = row[column];
  if (typeof value !== "bigint") throw new TypeError(`${column} is no integer`);
  return value;
}
