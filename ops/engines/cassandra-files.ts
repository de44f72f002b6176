import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineFolder, findPrograms, MissingEngine, runProgram } from "./programs.ts";
import { isAtLeast, versions } from "./versions.ts";

/** The `java` that Cassandra runs on: that of JAVA_HOME, or the first on PATH. */
export async function javaFor(): Promise<string> {
  const home = process.env.JAVA_HOME;
  for (const program of [...(home ? [join(home, "bin/java")] : []), ...findPrograms("java")]) {
    const printed = await runProgram(program, ["-version"]).catch(() => "");
    if (Number(/version "(\d+)/.exec(printed)?.[1]) === versions.java) return program;
  }
  throw new MissingEngine(`Java ${versions.java}, which Cassandra runs on, is neither at JAVA_HOME nor on PATH`);
}

/** The folder of Cassandra's jars: that of a `cassandra` on PATH, or one that Maven fills once. */
export async function cassandraFiles(): Promise<string> {
  const { install, floor } = versions.cassandra;
  const installed = findPrograms("cassandra")
    .map(jarsBeside)
    .find((folder) => folder !== undefined);
  if (installed) return installed;
  const folder = join(engineFolder, `cassandra-${install}`);
  if (existsSync(folder)) return folder;
  const [maven] = findPrograms("mvn");
  if (!maven) {
    throw new MissingEngine(`Cassandra ${floor} or newer is not on PATH, and Maven is not there to install it`);
  }
  await bringJars(maven, install, folder);
  return folder;
}

/** `lib` of the unpacked distribution whose `bin/cassandra` this is, where it is new enough. */
function jarsBeside(program: string): string | undefined {
  const folder = join(realpathSync(program), "../../lib");
  const version = /^apache-cassandra-(\d+\.\d+\.\d+)\.jar$/;
  const found = existsSync(folder) ? readdirSync(folder).map((name) => version.exec(name)?.[1]) : [];
  return found.some((version) => version && isAtLeast(version, versions.cassandra.floor)) ? folder : undefined;
}

/** Filled aside and renamed, so that a folder that is there is whole. */
async function bringJars(maven: string, version: string, folder: string): Promise<void> {
  const filling = `${folder}.${process.pid}`;
  mkdirSync(filling, { recursive: true });
  const pom = join(filling, "pom.xml");
  writeFileSync(pom, pomOf(version));
  try {
    await runProgram(maven, ["-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory=."]);
    renameSync(filling, folder);
  } catch (error) {
    rmSync(filling, { recursive: true });
    if (!existsSync(folder)) throw error; // Else another process was first.
  }
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
