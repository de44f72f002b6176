import type { CqlSession } from "#platform/engines/cql.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Store } from "#platform/runtime/open-store.ts";
import { attributes } from "./attributes.ts";
import { batchSummary, type StatementSummary, summaryOf } from "./statements.ts";
import { type Span, type Tracing, traced } from "./tracing.ts";

/** The store, with its statements as spans where they are a part of one that is recorded. */
export function traceStore(store: Store, tracing: Tracing): Store {
  if (store.kind === "sqlite") return { ...store, db: traceSqlite(store.db, tracing) };
  return { ...store, session: traceCql(store.session, tracing) };
}

function traceSqlite(db: SqliteDatabase, tracing: Tracing): SqliteDatabase {
  const begin = (summary: StatementSummary, size = 1) => beginStatement(tracing, "sqlite", summary, size);
  return {
    ...db,
    query: (sql, ...params) => tracedNow(begin(summaryOf(sql)), () => db.query(sql, ...params)),
    get: (sql, ...params) => tracedNow(begin(summaryOf(sql)), () => db.get(sql, ...params)),
    write(statements) {
      if (!tracing.recorded()) return db.write(statements);
      const span = begin(batchSummary(statements.map(({ sql }) => sql)), statements.length);
      return tracedWhere(span, () => db.write(statements));
    },
  };
}

function traceCql(session: CqlSession, tracing: Tracing): CqlSession {
  const begin = (summary: StatementSummary, size = 1) =>
    beginStatement(tracing, "cassandra", summary, size, session.keyspace);
  return {
    ...session,
    query: (cql, ...params) => tracedWhere(begin(summaryOf(cql)), () => session.query(cql, ...params)),
    get: (cql, ...params) => tracedWhere(begin(summaryOf(cql)), () => session.get(cql, ...params)),
    write: (cql, ...params) => tracedWhere(begin(summaryOf(cql)), () => session.write(cql, ...params)),
    conditional: (given) => tracedWhere(begin(summaryOf(given.write.cql)), () => session.conditional(given)),
    batch(statements) {
      if (!tracing.recorded()) return session.batch(statements);
      const span = begin(batchSummary(statements.map(({ cql }) => cql)), statements.length);
      return tracedWhere(span, () => session.batch(statements));
    },
  };
}

function beginStatement(
  tracing: Tracing,
  system: "sqlite" | "cassandra",
  { operation, collection }: StatementSummary,
  size: number,
  namespace?: string,
): Span | undefined {
  if (!tracing.recorded()) return undefined;
  const summary = collection === undefined ? operation : `${operation} ${collection}`;
  return tracing.begin(summary, {
    kind: "client",
    attributes: {
      [attributes.databaseSystem]: system,
      [attributes.databaseOperation]: operation,
      [attributes.databaseSummary]: summary,
      ...(collection === undefined ? {} : { [attributes.databaseCollection]: collection }),
      ...(namespace === undefined ? {} : { [attributes.databaseNamespace]: namespace }),
      ...(size > 1 ? { [attributes.databaseBatchSize]: size } : {}),
    },
  });
}

function tracedWhere<T>(span: Span | undefined, work: () => Promise<T>): Promise<T> {
  return span ? traced(span, work) : work();
}

function tracedNow<T>(span: Span | undefined, work: () => T): T {
  if (!span) return work();
  try {
    const result = work();
    span.end();
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.name : "Error");
    throw error;
  }
}
