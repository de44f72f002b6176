/** `npm run conformance`: the official suite of the Connect protocols against the port and the SDK's transports. */
import { runSuite, suiteRuns } from "./suite.ts";
import { addGoFolders, missingToolOf } from "./tools.ts";

addGoFolders();
try {
  for (const [name, run] of Object.entries(suiteRuns)) {
    const start = performance.now();
    const { passed, failures } = await runSuite(run);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    for (const failure of failures) console.log(`FAILED: ${failure}`);
    console.log(`${name}: ${passed} passed, ${failures.length} failed, ${seconds} s`);
    if (failures.length > 0) process.exitCode = 1;
  }
} catch (error) {
  const missing = missingToolOf(error);
  if (!missing) throw error;
  console.error(missing);
  process.exitCode = 1;
}
