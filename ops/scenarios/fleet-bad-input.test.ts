import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openCql } from "#platform/engines/cql.ts";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { ConfigError, readConfig } from "#platform/runtime/config.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { describeOnEngines, describeOnOwnEngines, freshName } from "#platform/testing/engines.ts";
import { startServer } from "../../services/server.ts";
import { freePorts } from "../engines/ports.ts";
import { type Env, makeFleet, metricsOf, readiness, type TestFleet, untilReady } from "./fleet-processes.ts";
import { startServerProcess } from "./server-process.ts";

const logger = pino({ level: "silent" });
const quiet = { PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LOG_LEVEL: "silent" };

/** What an operator reads of a server that does not start. */
async function refusal(env: Env): Promise<string> {
  try {
    await (await startServer(readConfig({ ...quiet, ...env }))).stop();
  } catch (error) {
    if (error instanceof StartError || error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-bad-input-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describeOnEngines("a process that does not belong to the installation", ["nats", "cql", "redis"], ({ nats, cql }) => {
  let fleet: TestFleet;
  beforeAll(async () => {
    fleet = await makeFleet();
    await (await fleet.start("all")).stop();
  }, 120_000);
  afterAll(() => fleet.end());

  test("a keyspace that is not there, is older than the program, or newer", async () => {
    const name = freshName();
    const env = { ...fleet.env, PARLEY_STORE: `${cql.url}/${name}?replication=1` };
    expect(await refusal(env)).toContain(`no keyspace "${name}": run npm run migrate`);
    const settings = { ...parseCqlUrl("PARLEY_STORE", env.PARLEY_STORE), logger };
    await migrateCql(settings, []);
    expect(await refusal(env)).toMatch(/older than this program: run npm run migrate. It lacks .*chat\/0001/);
    const session = await openCql(settings);
    await session.write("INSERT INTO migration (component, step) VALUES (?, ?)", "chat", "9999-later");
    await session.close();
    expect(await refusal(env)).toContain("written by a newer version of this program: it has chat/9999-later");
  }, 60_000);

  test("log and store of two installations, and keys of another one, change nothing", async () => {
    const name = freshName();
    const other = { PARLEY_DATA: newFolder(), PARLEY_SHARDS: "2", PARLEY_LOG: `${nats.url}/${name}?max_bytes=64MiB` };
    await (await startServer(readConfig({ ...quiet, ...other }))).stop();
    const keysOfOther = { PARLEY_KEYS: join(other.PARLEY_DATA, "keys") };
    const mixed = { ...fleet.env, PARLEY_LOG: other.PARLEY_LOG };
    expect(await refusal(mixed)).toContain("is not that of its installation. Give all processes the same PARLEY_KEYS");
    expect(await refusal({ ...mixed, ...keysOfOther })).toBe("Log and store belong to different installations.");
    expect(await refusal({ ...fleet.env, ...keysOfOther })).toContain("The peer.key of this process is not that");
    expect(await refusal({ ...fleet.env, ...keysOfOther, PARLEY_TARGETS: "gateway" })).toContain("The peer.key");
    expect(await refusal({ ...fleet.env, PARLEY_STORE: "sqlite:", PARLEY_DATA: newFolder() })).toContain(
      "The peer.key",
    );
    const lost = { ...fleet.env, PARLEY_LOG: `${nats.url}/${freshName()}?max_bytes=64MiB` };
    expect(await refusal(lost)).toContain("the log was lost. Restore a backup, or recover.");
    const server = await startServer(readConfig({ ...quiet, ...other }));
    onTestFinished(() => server.stop());
    expect(server.boot.following.shards).toBe(2);
    await untilReady(server);
  }, 60_000);

  test("replicas that the servers can't keep, or fewer than the log has, are named", async () => {
    const three = { ...fleet.env, PARLEY_LOG: `${nats.url}/${freshName()}?replicas=3` };
    expect(await refusal(three)).toContain("is not in a cluster: start one of 3 servers, or set replicas=1");
    const huge = { PARLEY_DATA: newFolder(), PARLEY_LOG: `${nats.url}/${freshName()}?max_bytes=900TiB` };
    expect(await refusal(huge)).toContain("room for max_bytes of PARLEY_LOG");
  });

  test("an address that leads nowhere, one that another process has, and presence in the memory of one of several", async () => {
    const env = { ...fleet.env, PARLEY_TARGETS: "all" };
    expect(await refusal({ ...env, PARLEY_ADVERTISE: "http://127.0.0.1:9" })).toContain(
      "can't be reached at http://127.0.0.1:9",
    );
    const first = await fleet.start("all");
    const second = await fleet.start("all", { PARLEY_ADVERTISE: first.url, PARLEY_EPHEMERAL: "memory:" });
    for (const each of [first, second]) {
      expect(await readiness(each)).toContain(
        `another process is reached at ${first.url}, too: give each a PARLEY_ADVERTISE`,
      );
    }
    expect(await readiness(second)).toContain("keeps presence and limits for itself: set PARLEY_EPHEMERAL");
    await second.stop();
    await untilReady(first);
    await first.stop();
  }, 60_000);

  test("engines that are away, and modules that nobody runs, are waited for and then named", async () => {
    const [port] = await freePorts(1, "127.0.0.1");
    const away = { ...fleet.env, PARLEY_LOG: `nats://ada:hunter2@127.0.0.1:${port}`, PARLEY_NATS_MONITOR: "" };
    const noStore = { ...fleet.env, PARLEY_STORE: `cql://ada:hunter2@127.0.0.1:${port}/shop` };
    const [nats, cql, gateway, chat] = await Promise.all([
      refusal(away),
      refusal(noStore),
      refusal({ ...fleet.env, PARLEY_TARGETS: "gateway" }),
      refusal({ ...fleet.env, PARLEY_TARGETS: "chat" }),
    ]);
    expect(nats).toMatch(/^NATS at 127\.0\.0\.1:\d+ can't be reached .*: start it, or set PARLEY_LOG\.$/);
    expect(cql).toMatch(/^The store can't be reached at 127\.0\.0\.1:\d+: start it, or mend PARLEY_STORE/);
    expect(nats + cql).not.toContain("hunter2");
    expect(gateway).toBe("No process with the target chat answers. Start one, with the same PARLEY_LOG.");
    expect(chat).toBe("No process with the target auth answers. Start one, on the same engines.");
  }, 90_000);
});

describeOnOwnEngines("a server on engines of its own", ["nats", "redis"], (start) => {
  test("a NATS that acknowledges before it fsyncs is refused where that is known, else it is a warning", async () => {
    const { url, monitors } = await start("nats", { syncAlways: false });
    const env = { PARLEY_DATA: newFolder(), PARLEY_LOG: `${url}/shop?max_bytes=64MiB` };
    expect(await refusal({ ...env, PARLEY_NATS_MONITOR: monitors.join() })).toContain('set sync_interval to "always"');
    const server = await startServerProcess(env.PARLEY_DATA, env);
    onTestFinished(() => server.stop());
    expect(server.output()).toContain("set PARLEY_NATS_MONITOR");
    expect(await metricsOf(server)).toMatch(/^parley_nats_sync_always 0$/m);
  });

  test("a server goes on without Redis, and says so", async () => {
    const redis = await start("redis");
    await redis.nodes[0]?.kill();
    const dataDir = newFolder();
    const server = await startServerProcess(dataDir, { PARLEY_EPHEMERAL: redis.url });
    onTestFinished(() => server.stop());
    const isUp = async () => /^parley_engine_up\{role="ephemeral",kind="redis"\} 1$/m.test(await metricsOf(server));
    expect([await readiness(server), await isUp()]).toEqual(["ready", false]);
    expect(server.output()).toContain("Redis is away");
  });
});
