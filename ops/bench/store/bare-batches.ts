import { type Client, types } from "cassandra-driver";
import { concurrently } from "../../../platform/engines/concurrently.ts";
import { maxBatch } from "../../../platform/engines/cql-limits.ts";
import { encodeParam } from "../../../platform/engines/cql-values.ts";
import { projectedStatements } from "../../../services/chat/stores/projected-statements.ts";
import type { ProjectedRows } from "../../../services/chat/stores/projection-store.ts";

interface BareStatement {
  readonly query: string;
  readonly params: unknown[];
}

const options = {
  prepare: true,
  logged: false,
  isIdempotent: true,
  consistency: types.consistencies.localQuorum,
};
/** As many as the projector has under way. */
const inFlight = 32;

/** The rows of a stretch as the driver takes them: all work that is not the driver's is done before the clock runs. */
export function bareBatches(rows: ProjectedRows): BareStatement[][] {
  return projectedStatements(rows, 1n).flatMap((statements) => {
    const bare = statements.map(({ cql, params }) => ({ query: cql, params: params.map(encodeParam) }));
    return Array.from({ length: Math.ceil(bare.length / maxBatch) }, (_, index) =>
      bare.slice(index * maxBatch, (index + 1) * maxBatch),
    );
  });
}

export async function writeBare(client: Client, batches: readonly BareStatement[][]): Promise<void> {
  await concurrently(batches, inFlight, (batch) => client.batch(batch, options));
}
