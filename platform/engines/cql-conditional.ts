import { setTimeout as delay } from "node:timers/promises";
import { types } from "cassandra-driver";
import { CqlFailure } from "./cql-failure.ts";
import { failureOf } from "./cql-outcome.ts";
import { type CqlParam, type CqlRow, decodeRow } from "./cql-values.ts";

export interface CqlStatement {
  readonly cql: string;
  readonly params: readonly CqlParam[];
}

/** A conditional write of one row, with what settles it where its outcome stays unknown. */
export interface CqlConditional {
  /** `INSERT … IF NOT EXISTS`, `UPDATE … IF …` or `DELETE … IF …`. */
  readonly write: CqlStatement;
  /** Reads that row, with every column that `isWritten` looks at. */
  readonly read: CqlStatement;
  /** Whether a row, or that there is none, is what `write` makes of it. */
  isWritten(row: CqlRow | undefined): boolean;
}

export interface CqlOutcome {
  readonly applied: boolean;
  /** Where it was not applied: the row that stands, if there is one. */
  readonly row: CqlRow | undefined;
}

/** Runs a statement with options of the driver. */
export type Execute = (statement: CqlStatement, options: object) => Promise<types.ResultSet>;

/** How long to go on with a conditional write whose outcome is unknown. */
const settleMs = 5_000;
const firstWaitMs = 50;
const maxWaitMs = 1_000;

const { localSerial } = types.consistencies;

/**
 * A read at SERIAL finishes what the replicas have accepted of a write, but not one that has yet to reach them: only
 * another try tells that the first can't apply any more. Rejects as unknown where neither is possible in time.
 */
export async function runConditional(conditional: CqlConditional, execute: Execute): Promise<CqlOutcome> {
  const { write, read, isWritten } = conditional;
  const applied: CqlOutcome = { applied: true, row: undefined };
  const readRow = async () => (await execute(read, { consistency: localSerial, fetchSize: 1 })).rows.map(decodeRow)[0];
  const end = Date.now() + settleMs;
  let isUnknown = false;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
    try {
      if (isUnknown && isWritten(await readRow())) return applied;
      const result = await execute(write, { serialConsistency: localSerial, isIdempotent: false });
      if (result.wasApplied()) return applied;
      const row = await readRow();
      return isUnknown && isWritten(row) ? applied : { applied: false, row };
    } catch (error) {
      const failure = failureOf(error);
      isUnknown ||= failure.outcome === "unknown";
      if (!isUnknown) throw failure;
      if (Date.now() + waitMs > end) throw new CqlFailure(failure.message, "unknown", true, failure.cause);
      await delay(waitMs);
    }
  }
}
