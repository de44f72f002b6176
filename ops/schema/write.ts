/** `npm run schema`: writes the snapshots. */
import { writeFileSync } from "node:fs";
import { files, makeSchemas, snapshotPath } from "./schemas.ts";

const schemas = await makeSchemas();
for (const file of files) writeFileSync(snapshotPath(file), schemas[file]);
