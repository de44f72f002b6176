/** `npm run schema`: writes the snapshots. */
import { writeFileSync } from "node:fs";
import { startEngine } from "../engines/start-engine.ts";
import { cqlSnapshotPath, makeCqlSchema } from "./schema-cql.ts";
import { files, makeSchemas, snapshotPath } from "./schemas.ts";

const schemas = await makeSchemas();
for (const file of files) writeFileSync(snapshotPath(file), schemas[file]);
const cassandra = await startEngine("cql");
try {
  writeFileSync(cqlSnapshotPath, await makeCqlSchema(cassandra.url));
} finally {
  await cassandra.stop();
}
