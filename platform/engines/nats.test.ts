import { spawn } from "node:child_process";
import { once } from "node:events";
import { pino } from "pino";
import { Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { StartError } from "#platform/runtime/start-error.ts";
import { describeOnEngines, describeOnOwnEngines } from "#platform/testing/engines.ts";
import { openHoldingNetwork } from "#platform/testing/holding-network.ts";
import { natsOptions, openTestNats } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { freePorts } from "../../ops/engines/ports.ts";
import { findPrograms } from "../../ops/engines/programs.ts";
import { openNats } from "./nats.ts";
import { checkServer } from "./nats-checks.ts";

const secret = "hunter2";

/** What the refusal says. */
async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(() => undefined).catch((reason: unknown) => reason);
  if (!(error instanceof StartError)) throw new Error("not refused with a sentence", { cause: error });
  expect(error.message).not.toContain(secret);
  return error.message;
}

/** A NATS server with a command line of its own, for what the shared ones are not. */
function startServer(port: number, ...settings: string[]): void {
  const [program = ""] = findPrograms("nats-server");
  const server = spawn(program, ["-a", "127.0.0.1", "-p", String(port), ...settings]);
  onTestFinished(async () => {
    if (server.kill("SIGKILL")) await once(server, "exit");
  });
}

const info = { server_name: "n1", version: "2.15.2", max_payload: 1_048_576, cluster: "parley" };
const checked = (changed: object, replicas = 1) => {
  const asked = { ...info, ...changed } as unknown;
  checkServer(asked as Parameters<typeof checkServer>[0], replicas);
};

test.each([
  ["2.14.4", "2.14.5 or later"],
  ["2.9.25", "2.14.5 or later"],
  ["1.99.99", "2.14.5 or later"],
  ["", "2.14.5 or later"],
])("version %s is refused", (version, sentence) => {
  expect(() => checked({ version })).toThrow(sentence);
});

test.each(["2.14.5", "2.14.10", "2.15.0-preview.1", "3.0.0"])("version %s will do", (version) => {
  checked({ version });
});

test("servers that take too little, or stand alone where copies are asked for, are refused", () => {
  expect(() => checked({ max_payload: 512 * 1024 })).toThrow("set its max_payload to 1MB or more");
  expect(() => checked({ cluster: undefined }, 3)).toThrow("n1 is not in a cluster");
  checked({}, 3);
});

test("servers that are not there are named, once the time to start is over", async () => {
  const [port] = await freePorts(1, "127.0.0.1");
  const options = { ...natsOptions(`nats://ada:${secret}@127.0.0.1:${port}`), startMs: 1_500 };
  expect(await refusal(openNats(options))).toMatch(
    /NATS at 127.0.0.1:\d+ can't be reached .*: start it, or set PARLEY_LOG/,
  );
});

describeOnEngines("openNats", ["nats"], ({ nats }) => {
  test("opens what is ready, and closes twice", async () => {
    const engine = await openNats(natsOptions(nats.url));
    expect(engine.notReady()).toBe(undefined);
    await Promise.all([engine.close(), engine.close()]);
    await engine.close();
    expect(engine.notReady()).toContain("closed");
  });

  test("connects again for ever, and says meanwhile that it is away", async () => {
    const network = await openHoldingNetwork(nats.url.replace("nats://", ""));
    const engine = await openNats(natsOptions(`nats://${network.address}`));
    onTestFinished(engine.close);
    const heard: boolean[] = [];
    const forget = engine.watch((connected) => heard.push(connected));
    network.cut();
    await until(() => (engine.notReady()?.includes("can't be reached") ? "" : "not noticed"));
    await until(() => engine.notReady() ?? "");
    expect(heard).toEqual([false, true]);
    forget();
    network.cut();
    await until(() => (engine.notReady() ? "" : "not noticed"));
    expect(heard).toHaveLength(2);
  });

  test("monitors that are not named are a warning and a metric", async () => {
    const warnings: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line) => void warnings.push(line) });
    const metrics = new Registry();
    const engine = await openNats({ ...natsOptions(nats.url), logger, metrics });
    onTestFinished(engine.close);
    expect(warnings.join("")).toContain("set PARLEY_NATS_MONITOR");
    expect(await metrics.metrics()).toContain("parley_nats_sync_always 0");
  });

  test("monitors that all tell of fsync are a metric; one that is silent among others is a warning", async () => {
    const [silent] = await freePorts(1, "127.0.0.1");
    for (const [monitors, value] of [
      [nats.monitors, 1],
      [[...nats.monitors, `http://127.0.0.1:${silent}`], 0],
    ] as const) {
      const metrics = new Registry();
      const engine = await openNats({ ...natsOptions(nats.url), monitors, metrics });
      onTestFinished(engine.close);
      expect(await metrics.metrics()).toContain(`parley_nats_sync_always ${value}`);
    }
    const none = { ...natsOptions(nats.url), monitors: [`http://127.0.0.1:${silent}`] };
    expect(await refusal(openNats(none))).toContain("No monitor of NATS answers");
  });
});

describeOnEngines("openNats on a cluster", ["nats-cluster"], () => {
  test("opens with as many copies as there are servers", async () => {
    expect((await openTestNats(3)).notReady()).toBe(undefined);
  });
});

describeOnOwnEngines("openNats on a server of its own", ["nats"], (start) => {
  test("a server that starts later is waited for; one without JetStream, or that refuses the user, is named", async () => {
    const [port = 0] = await freePorts(1, "127.0.0.1");
    const opening = openNats({ ...natsOptions(`nats://ada:other@127.0.0.1:${port}`), startMs: 3_000 });
    startServer(port, "--user", "ada", "--pass", "other");
    expect(await refusal(opening)).toContain("has no JetStream");
    const url = `nats://ada:${secret}@127.0.0.1:${port}`;
    expect(await refusal(openNats(natsOptions(url)))).toContain("refuses this user");
  });

  test("a server that acknowledges before it fsyncs is refused", async () => {
    const { url, monitors } = await start("nats", { syncAlways: false });
    expect(await refusal(openNats({ ...natsOptions(url), monitors }))).toContain('set sync_interval to "always"');
  });
});
