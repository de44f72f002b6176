/** Apache Cassandra, one node, small and quick to start. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cassandraFiles, javaFor } from "./cassandra-files.ts";
import { cassandraCommand, cassandraYaml, logbackXml } from "./cassandra-settings.ts";
import type { Engine, StartOptions } from "./engine.ts";
import { createEngineProcess } from "./engine-process.ts";
import { freePorts } from "./ports.ts";
import { probeCql } from "./probes.ts";
import { startNodes } from "./start-nodes.ts";

export async function startCassandra(options: StartOptions = {}): Promise<Engine> {
  const java = await javaFor();
  const jars = await cassandraFiles();
  return await startNodes("cql", async (runFolder) => {
    const host = options.host?.(0) ?? "127.0.0.1";
    const [port = 0, storagePort = 0] = await freePorts(2, host);
    const folder = resolve(options.folder ?? runFolder, "cassandra");
    const config = join(runFolder, "cassandra.yaml");
    const logback = join(runFolder, "logback.xml");
    const { syncAlways = false, steady = false } = options;
    writeFileSync(config, cassandraYaml({ host, port, storagePort, folder, syncAlways, steady }));
    writeFileSync(logback, logbackXml);
    const settings = cassandraCommand({ jars, config, logback, runFolder, syncAlways, steady });
    const address = `${host}:${port}`;
    const node = createEngineProcess({
      name: "cassandra",
      address,
      folder,
      logFolder: runFolder,
      command: [...(options.wrapper?.(0) ?? []), java, ...settings],
      probe: () => probeCql(address),
    });
    return { url: `cql://${address}`, monitors: [], nodes: [node], ready: async () => undefined };
  });
}
