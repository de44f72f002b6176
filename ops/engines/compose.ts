/** Engines in containers: where no program is and none can be installed. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { EngineName, SharedEngine } from "./engine.ts";
import { type Probe, probeCql, probeHttp, probeRedis, untilItAnswers } from "./probes.ts";
import { findPrograms, runProgram } from "./programs.ts";
import { reapLater } from "./reaping.ts";
import { versions } from "./versions.ts";

interface Contained {
  readonly scheme: string;
  readonly port: number;
  readonly services: readonly string[];
  /** Given the published `host:port` of the first port, and of the monitor where there is one. */
  readonly probe: (address: string, monitor: string) => Promise<void>;
}

const monitorPort = 8222;
const nats = {
  scheme: "nats",
  port: 4222,
  probe: (_: string, monitor: string) => probeHttp(`http://${monitor}/healthz`),
};

const contained: Readonly<Record<EngineName, Contained>> = {
  nats: { ...nats, services: ["nats"] },
  "nats-cluster": { ...nats, services: ["nats-1", "nats-2", "nats-3"] },
  cql: { scheme: "cql", port: 9042, services: ["cassandra"], probe: probeCql },
  redis: { scheme: "redis", port: 6379, services: ["redis"], probe: probeRedis },
};

const images = {
  NATS_VERSION: versions.nats.install,
  CASSANDRA_VERSION: versions.cassandra.install,
  REDIS_VERSION: versions.redis.install,
};

/** Undefined where Docker Compose does not run. */
export async function startInCompose(name: EngineName): Promise<SharedEngine | undefined> {
  const docker = await dockerWithCompose();
  if (!docker) return undefined;
  const { scheme, port, services, probe } = contained[name];
  const project = `parley-${randomBytes(6).toString("hex")}`;
  const file = join(import.meta.dirname, "compose.yaml");
  const compose = (...args: string[]) => runProgram(docker, ["compose", "-f", file, "-p", project, ...args], images);
  const down = ["compose", "-p", project, "down", "--volumes", "--timeout", "0"];
  const strikeOff = reapLater({ command: [docker, ...down] });
  const stop = async () => {
    await runProgram(docker, down);
    strikeOff();
  };
  const published = (port: number) =>
    Promise.all(services.map(async (service) => (await compose("port", service, String(port))).trim()));
  const containers = { isRunning: () => true, output: () => compose("logs", "--tail", "50") };
  try {
    await compose("up", "--detach", ...services);
    const addresses = await published(port);
    const monitors = scheme === "nats" ? await published(monitorPort) : [];
    const answers = addresses.map(
      (address, index): Probe =>
        () =>
          probe(address, monitors[index] ?? ""),
    );
    await Promise.all(answers.map((probe) => untilItAnswers(name, probe, containers)));
    return { name, url: `${scheme}://${addresses.join(",")}`, monitors: monitors.map((at) => `http://${at}`), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function dockerWithCompose(): Promise<string | undefined> {
  const [docker] = findPrograms("docker");
  if (!docker) return undefined;
  const runs = runProgram(docker, ["compose", "version"]).then(() => runProgram(docker, ["info"]));
  return await runs.then(
    () => docker,
    () => undefined,
  );
}
