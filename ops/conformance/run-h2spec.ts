/** `npm run h2spec`: which rules of HTTP/2 the port and bare `node:http2` break, side by side. */
import { compareHttp2, excused, type Http2Comparison, regressionsOf, transports } from "./http2-spec.ts";
import { addGoFolders, missingToolOf } from "./tools.ts";

addGoFolders();
try {
  for (const comparison of await Promise.all(transports.map(compareHttp2))) print(comparison);
} catch (error) {
  const missing = missingToolOf(error);
  if (!missing) throw error;
  console.error(missing);
  process.exitCode = 1;
}

function print(comparison: Http2Comparison): void {
  const { transport, bare, parley } = comparison;
  console.log(`${transport}: cases failed by bare node:http2, by Parley`);
  for (const name of new Set([...bare.failed, ...parley.failed])) {
    const reason = parley.failed.has(name) && !bare.failed.has(name) ? excused[transport][name] : undefined;
    console.log(`  ${mark(bare.failed.has(name))} ${mark(parley.failed.has(name))}  ${name}`);
    if (reason) console.log(`         ${reason}`);
  }
  console.log(`  ${bare.failed.size} of ${bare.total} · ${parley.failed.size} of ${parley.total}\n`);
  const regressions = regressionsOf(comparison);
  if (regressions.length === 0) return;
  console.log(`  Parley alone fails, without excuse:\n${regressions.map((name) => `    ${name}`).join("\n")}\n`);
  process.exitCode = 1;
}

function mark(hasFailed: boolean): string {
  return hasFailed ? "✗" : "·";
}
