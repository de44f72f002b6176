import type { Mutant } from "./mutant.ts";

const projection = "services/chat/projector/projection.ts";
const writtenViews = "services/chat/projector/written-views.ts";
const marks = "services/chat/stores/mark-store-cql.ts";
const puts = "this.#putEvent(entry, entry.seq, entry.bytes);";

/** Mutants of what writes the store and reads from it. */
export const ofTheStore: readonly Mutant[] = [
  {
    name: "row-skipped",
    says: "does not store every seventh event",
    promise: "P1",
    fault: "none",
    patches: [{ file: projection, find: puts, replace: `if (entry.seq % 7 !== 0) ${puts}` }],
  },
  {
    name: "stale-views",
    says: "folds over what it wrote before another projector took over",
    promise: "P4",
    fault: "pause-projectors",
    patches: [
      { file: writtenViews, find: "this.#conversations.clear();", replace: "" },
      { file: writtenViews, find: "this.#memberships.clear();", replace: "" },
      { file: "services/chat/projector/write-again.ts", find: "if (!projection.settling) return;", replace: "return;" },
    ],
  },
  {
    name: "own-messages-unread",
    says: "does not store which message somebody posted last",
    promise: "P4",
    fault: "none",
    patches: [
      {
        file: "services/chat/views/membership-view.ts",
        find: "return isPost(event) ? { lastOwn: here } : {};",
        replace: "return {};",
      },
    ],
  },
  {
    name: "marks-fall",
    says: "sets marks back",
    promise: "P1",
    fault: "none",
    patches: [
      {
        file: marks,
        find: "if (before && point.seq <= before.read.seq && deliveredSeq <= before.deliveredSeq) return before;",
        replace: "void before;",
      },
      {
        file: marks,
        find: "params: [point.seq, point.seq, point.count, id, user]",
        replace: "params: [nowMs, point.seq, point.count, id, user]",
      },
    ],
  },
  {
    name: "stored-ahead",
    says: "stores what was not committed",
    promise: "P10",
    fault: "none",
    patches: [{ file: projection, find: puts, replace: `${puts} this.#putEvent(entry, entry.seq + 1, entry.bytes);` }],
  },
  {
    name: "after-ignored",
    says: "does not wait until it has followed what was acknowledged",
    promise: "P8",
    fault: "drop-all",
    patches: [
      {
        file: "services/chat/reads/after-tokens.ts",
        find: "const reached = await following.reached(shard, Number(content.readBigUInt64BE(2)), afterTimeoutMs, signal);",
        replace: "const reached = true;",
      },
    ],
  },
  {
    name: "ranges-ignored",
    says: "lists what was said while somebody was not a member",
    promise: "P11",
    fault: "none",
    patches: [
      {
        file: "services/chat/routes/history.ts",
        find: "return visibleWithin(ranges, from, to).flatMap(",
        replace: "return [{ from: Math.max(1, from), to }].flatMap(",
      },
    ],
  },
  {
    name: "tombstones-off",
    says: "keeps what deleted messages said",
    promise: "P11",
    fault: "none",
    patches: [
      {
        file: "platform/log/tombstones.ts",
        find: `body: { case: "tombstone", value: { targetSeq } },`,
        replace: "body: event.body,",
      },
    ],
  },
];
