import type { Client } from "cassandra-driver";
import { pino } from "pino";
import { type CqlSession, openCql } from "../../../platform/engines/cql.ts";
import { connectCql } from "../../../platform/engines/cql-connect.ts";
import { parseCqlUrl } from "../../../platform/engines/cql-url.ts";
import { migrateCql } from "../../../platform/engines/migrate-cql.ts";
import { createCqlCheckpoints } from "../../../platform/log/checkpoints/checkpoint-store-cql.ts";
import { cqlMigrations } from "../../../platform/runtime/open-store-cql.ts";
import type { ProjectedRows } from "../../../services/chat/stores/projection-store.ts";
import { createCqlProjection } from "../../../services/chat/stores/projection-store-cql.ts";
import { noRows } from "../../../services/chat/testing/rows.ts";
import { storeMigrations } from "../../../services/modules.ts";
import { startEngine } from "../../engines/start-engine.ts";
import type { Figure } from "../figure.ts";
import { type Contender, inRounds } from "../wire/rounds.ts";
import { sideBySide } from "../wire/side-by-side.ts";
import { bareBatches, writeBare } from "./bare-batches.ts";
import { rowsOf, stretches } from "./stretches.ts";

const rounds = 5;
const stretchesOfRound = 20;

interface Writer extends Contender {
  /** Prepares to write the stretches; what it returns does. */
  prepare(stretches: readonly ProjectedRows[]): () => Promise<void>;
}

interface Sample {
  readonly rowsPerSecond: number;
  /** CPU of this process for each row, in microseconds. */
  readonly cpuMicros: number;
}

/** What the projector writes, beside the driver alone with the same rows in the same batches, and with one table's. */
export async function measureProjecting(): Promise<Figure[]> {
  const cassandra = await startEngine("cql", { steady: true });
  try {
    const settings = parseCqlUrl("PARLEY_STORE", `${cassandra.url}/bench?replication=1`);
    const options = { ...settings, logger: pino({ level: "silent" }) };
    await migrateCql(options, cqlMigrations(storeMigrations));
    const [client, session] = [await connectCql(options), await openCql(options)];
    const source = stretches();
    const samples = await inRounds(writersOf(client, session), rounds, (writer) => {
      return writeRound(
        writer,
        Array.from({ length: stretchesOfRound }, () => source.next().value),
      );
    });
    await Promise.all([client.shutdown(), session.close()]);
    return [
      sideBySide({
        name: "projected",
        unit: "rows/s",
        samples,
        value: ({ rowsPerSecond }) => rowsPerSecond,
        goal: { partOfFloor: 0.7 },
      }),
      sideBySide({
        name: "projected, CPU of who writes",
        unit: "µs/row",
        samples,
        value: ({ cpuMicros }) => cpuMicros,
      }),
    ];
  } finally {
    await cassandra.stop();
  }
}

function writersOf(client: Client, session: CqlSession): Writer[] {
  const projection = createCqlProjection(session, createCqlCheckpoints(session));
  const bare = (name: string, choose: (rows: ProjectedRows) => ProjectedRows): Writer => ({
    name,
    prepare(stretches) {
      const batches = stretches.map((rows) => bareBatches(choose(rows)));
      return async () => {
        for (const some of batches) await writeBare(client, some);
      };
    },
  });
  return [
    bare("the driver alone, the same batches", (rows) => rows),
    bare("the driver alone, batches of 64 events", ({ events }) => ({ ...noRows, events })),
    {
      name: "Parley's projection",
      prepare: (stretches) => async () => {
        for (const [index, rows] of stretches.entries()) {
          await projection.apply(0, rows, { incarnation: 1, position: index + 1, entryHash: new Uint8Array(32) });
        }
      },
    },
  ];
}

async function writeRound(writer: Writer, some: readonly ProjectedRows[]): Promise<Sample> {
  const write = writer.prepare(some);
  const rows = some.map((each) => (writer.name.endsWith("events") ? each.events.length : rowsOf(each)));
  const count = rows.reduce((sum, each) => sum + each, 0);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await write();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { rowsPerSecond: count / seconds, cpuMicros: (user + system) / count };
}
