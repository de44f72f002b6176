import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { files, makeSchemas, snapshotPath } from "./schemas.ts";

test("the migrations make the schemas of the committed snapshots; `npm run schema` writes them", async () => {
  const schemas = await makeSchemas();
  for (const file of files) expect(schemas[file], file).toBe(readFileSync(snapshotPath(file), "utf8"));
});
