import type { CqlConditional, CqlRow, CqlSession, CqlStatement } from "#platform/engines/cql.ts";
import type { Installation, InstallationRow } from "./installation.ts";

const read: CqlStatement = { cql: "SELECT id, incarnation FROM installation WHERE one = ?", params: [1] };

/** The row of a store that many processes share: each change of it is conditional. */
export function createCqlInstallation(session: CqlSession): InstallationRow {
  return {
    async read() {
      return installationFrom(await session.get(read.cql, ...read.params));
    },
    async replace(expected, installation) {
      return (await session.conditional(replacing(expected, installation))).applied;
    },
  };
}

function installationFrom(row: CqlRow | undefined): Installation | undefined {
  return row && { id: String(row.id), incarnation: Number(row.incarnation) };
}

function replacing(expected: Installation | undefined, { id, incarnation }: Installation): CqlConditional {
  const write: CqlStatement = expected
    ? {
        cql: "UPDATE installation SET id = ?, incarnation = ? WHERE one = ? IF id = ? AND incarnation = ?",
        params: [id, incarnation, 1, expected.id, expected.incarnation],
      }
    : {
        cql: "INSERT INTO installation (one, id, incarnation) VALUES (?, ?, ?) IF NOT EXISTS",
        params: [1, id, incarnation],
      };
  const isWritten = (row: CqlRow | undefined) => row?.id === id && row.incarnation === incarnation;
  return { write, read, isWritten };
}
