/** Apache Cassandra, one node, small and quick to start. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cassandraCommand, cassandraYaml, logbackXml } from "./cassandra-settings.ts";
import type { Engine, StartOptions } from "./engine.ts";
import { createEngineProcess } from "./engine-process.ts";
import { freePorts } from "./ports.ts";
import { probeTcp } from "./probes.ts";
import { engineFolder, findProgram, MissingEngine, runProgram } from "./programs.ts";
import { createRunFolder } from "./run-folder.ts";
import { versions } from "./versions.ts";

/** The OPTIONS frame of CQL's protocol 4 and the code of the answer, SUPPORTED. */
const optionsFrame = Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 0, 0);
const supported = 6;

export async function startCassandra(options: StartOptions = {}): Promise<Engine> {
  const java = findProgram("java");
  if (!java) throw new MissingEngine("java is not on PATH");
  const jars = await cassandraJars();
  const run = createRunFolder("cassandra");
  const host = options.host?.(0) ?? "127.0.0.1";
  const [port = 0, storagePort = 0] = await freePorts(2, host);
  const folder = join(options.folder ?? run.path, "cassandra");
  const config = join(run.path, "cassandra.yaml");
  const logback = join(run.path, "logback.xml");
  writeFileSync(config, cassandraYaml({ host, port, storagePort, folder, syncAlways: options.syncAlways ?? true }));
  writeFileSync(logback, logbackXml);
  const node = createEngineProcess({
    name: "cassandra",
    address: `${host}:${port}`,
    folder,
    logFolder: run.path,
    command: [...(options.wrapper?.(0) ?? []), java, ...cassandraCommand({ jars, config, logback, folder })],
    probe: () => probeTcp(host, port, optionsFrame, (bytes) => bytes[4] === supported),
  });
  const engine: Engine = {
    name: "cql",
    url: `cql://${host}:${port}`,
    monitors: [],
    nodes: [node],
    ready: () => Promise.resolve(),
    async stop() {
      await node.kill();
      run.remove();
    },
  };
  try {
    await node.restart();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/** The folder of Cassandra's jars, brought by Maven once. */
async function cassandraJars(): Promise<string> {
  const version = versions.cassandra.install;
  const folder = join(engineFolder, `cassandra-${version}`);
  if (existsSync(folder)) return folder;
  const maven = findProgram("mvn");
  if (!maven) throw new MissingEngine("mvn is not on PATH");
  const building = `${folder}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  const pom = join(building, "pom.xml");
  writeFileSync(pom, pomOf(version));
  await runProgram(maven, ["-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory=."]);
  try {
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true });
    if (!existsSync(folder)) throw error; // Else another process was first.
  }
  return folder;
}

function pomOf(version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>parley</groupId>
  <artifactId>engines</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId>
      <artifactId>cassandra-all</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}
