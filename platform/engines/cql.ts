import { type Client, type Host, types } from "cassandra-driver";
import type { Logger } from "pino";
import {
  type CqlConditional,
  type CqlOutcome,
  type CqlStatement,
  type Execute,
  runConditional,
} from "./cql-conditional.ts";
import { connectCql } from "./cql-connect.ts";
import { maxBatch, maxQueryRows, pageRows } from "./cql-limits.ts";
import { failureOf } from "./cql-outcome.ts";
import type { CqlSettings } from "./cql-url.ts";
import { type CqlParam, type CqlRow, decodeRow, encodeParam } from "./cql-values.ts";

export type { CqlConditional, CqlOutcome, CqlStatement } from "./cql-conditional.ts";
export { CqlFailure } from "./cql-failure.ts";
export type { CqlParam, CqlRow, CqlValue } from "./cql-values.ts";

/**
 * One keyspace of a Cassandra or ScyllaDB cluster. Statements name their tables without it, bind every value, and are
 * prepared once; each goes to a node that holds its partition. Reads and writes are LOCAL_QUORUM: what was written is
 * read, whichever node fails. All reject with CqlFailure, which tells whether the outcome is known.
 *
 * Statements are idempotent, but for conditional ones, and are tried again at another node. The time of a write is the
 * coordinating node's, unless the statement says `USING TIMESTAMP ?`. A table that is written conditionally is never
 * written without a condition, and one that is written with timestamps never without.
 */
export interface CqlSession {
  readonly keyspace: string;
  /** Rows of one partition, or of a list of its keys. Rejects where they are more than 10,000: read those by `rows`. */
  query(cql: string, ...params: CqlParam[]): Promise<CqlRow[]>;
  /** The first row, or undefined. */
  get(cql: string, ...params: CqlParam[]): Promise<CqlRow | undefined>;
  /** Rows of a partition of any size, or of a table, a page at a time as they are consumed. */
  rows(cql: string, ...params: CqlParam[]): AsyncIterable<CqlRow>;
  /** Resolves once a quorum has written it. */
  write(cql: string, ...params: CqlParam[]): Promise<void>;
  /** Writes rows of ONE partition, all or none, up to 64 statements. */
  batch(statements: readonly CqlStatement[]): Promise<void>;
  /**
   * Writes a row if its condition holds; the conditions of all processes are decided one after another. Where the
   * outcome is unknown, the row is read back and the write repeated until it is known, for 5 s at most.
   */
  conditional(conditional: CqlConditional): Promise<CqlOutcome>;
  /** Why nothing can be read or written now, or undefined. */
  notReady(): string | undefined;
  /**
   * Calls the listener whenever a node has come back. Unless its operator has told it otherwise, it may have lost what it
   * acknowledged in its last 10 s. Returns what ends it.
   */
  onReturn(listener: () => void): () => void;
  /** Closing twice is harmless. */
  close(): Promise<void>;
}

export interface CqlOptions extends CqlSettings {
  readonly logger: Logger;
}

const idempotent = { prepare: true, consistency: types.consistencies.localQuorum, isIdempotent: true };

/**
 * Connects, and from then on reconnects for ever. Throws StartError where the cluster can't be reached, is too old, has
 * no such data centre or no such keyspace.
 */
export async function openCql(options: CqlOptions): Promise<CqlSession> {
  const { logger } = options;
  const client = await connectCql(options);
  client.on("hostDown", ({ address }: Host) => logger.warn({ node: address }, "store node is down"));
  client.on("hostUp", ({ address }: Host) => logger.info({ node: address }, "store node is up"));
  return createCqlSession(client, options);
}

/** A session of a client that is connected; closing it closes the client. */
export function createCqlSession(client: Client, { keyspace, localDataCenter }: CqlSettings): CqlSession {
  let closing: Promise<void> | undefined;
  const execute = async (statement: CqlStatement, more: object): Promise<types.ResultSet> => {
    const params = statement.params.map(encodeParam);
    try {
      return await client.execute(statement.cql, params, { ...idempotent, ...more });
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    keyspace,
    async query(cql, ...params) {
      const found: CqlRow[] = [];
      for await (const row of pages(execute, { cql, params })) {
        if (found.push(row) > maxQueryRows) throw new RangeError(`more than ${maxQueryRows} rows: ${cql}`);
      }
      return found;
    },
    async get(cql, ...params) {
      const [row] = (await execute({ cql, params }, { fetchSize: 1 })).rows;
      return row && decodeRow(row);
    },
    rows: (cql, ...params) => pages(execute, { cql, params }),
    async write(cql, ...params) {
      await execute({ cql, params }, {});
    },
    batch: (statements) => runBatch(client, statements),
    conditional: (conditional) => runConditional(conditional, execute),
    notReady() {
      const near = client.hosts.values().filter((host) => host.datacenter === localDataCenter);
      return near.some((host) => host.isUp()) ? undefined : "no node of the store answers";
    },
    onReturn(listener) {
      const own = () => listener();
      // One that is found anew after all were away was away as well.
      for (const event of ["hostUp", "hostAdd"]) client.on(event, own);
      return () => {
        for (const event of ["hostUp", "hostAdd"]) client.off(event, own);
      };
    },
    close() {
      closing ??= client.shutdown();
      return closing;
    },
  };
}

async function* pages(execute: Execute, statement: CqlStatement): AsyncGenerator<CqlRow> {
  let page: { pageState?: string } | undefined = {};
  while (page) {
    const result: types.ResultSet = await execute(statement, { fetchSize: pageRows, ...page });
    for (const row of result.rows) yield decodeRow(row);
    page = result.pageState ? { pageState: result.pageState } : undefined;
  }
}

async function runBatch(client: Client, statements: readonly CqlStatement[]): Promise<void> {
  if (statements.length > maxBatch) throw new RangeError(`a batch of more than ${maxBatch} statements`);
  const queries = statements.map(({ cql, params }) => ({ query: cql, params: params.map(encodeParam) }));
  try {
    await client.batch(queries, { ...idempotent, logged: false });
  } catch (error) {
    throw failureOf(error);
  }
}
