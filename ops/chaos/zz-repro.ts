import { openCql } from "#platform/engines/cql.ts";
import { connectCql } from "#platform/engines/cql-connect.ts";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { startEngine } from "../engines/start-engine.ts";

const engine = await startEngine("cql", { syncAlways: true });
const settings = parseCqlUrl("x", `${engine.url}/rr?replication=1`);
const admin = await connectCql(settings, null);
await admin.execute("CREATE KEYSPACE rr WITH replication = {'class':'NetworkTopologyStrategy','datacenter1':1}");
await admin.execute("CREATE TABLE rr.v (name text PRIMARY KEY, i int)");
await admin.shutdown();
const sessions = await Promise.all([1, 2, 3].map(() => openCql({ ...settings, logger: createLogger("warn") })));
const ask = (n: number) =>
  sessions[n]!.get("SELECT i FROM v WHERE name = ?", "a").then(
    () => "ok",
    (e) => String(e).slice(0, 160),
  );
console.log(await Promise.all([0, 1, 2].map(ask)));
await engine.nodes[0]?.kill();
const down = Number(process.argv[2] ?? 48) * 1000,
  t0 = Date.now();
const timer = setInterval(() => {
  ask(0);
}, 500); // one asks all the time, the others not
while (Date.now() - t0 < down) await new Promise((r) => setTimeout(r, 200));
await engine.nodes[0]?.restart();
console.log("up after", Date.now() - t0);
const t1 = Date.now();
for (let i = 0; i < 20; i++) {
  console.log(
    ((Date.now() - t1) / 1000).toFixed(1),
    await Promise.all([0, 1, 2].map(ask)),
    sessions.map((s) => s.notReady()),
  );
  await new Promise((r) => setTimeout(r, 3000));
}
clearInterval(timer);
await Promise.all(sessions.map((s) => s.close()));
await engine.stop();
