/** How Cassandra is started for tests: it keeps its promises, and little else. For measures it has what it needs. */

export interface YamlSettings {
  readonly host: string;
  readonly port: number;
  readonly storagePort: number;
  readonly folder: string;
  readonly syncAlways: boolean;
  readonly steady: boolean;
}

export function cassandraYaml({ host, port, storagePort, folder, syncAlways, steady }: YamlSettings): string {
  const room = steady ? roomOfMeasures : roomOfTests;
  return `cluster_name: parley
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${host}:${storagePort}"
listen_address: ${host}
storage_port: ${storagePort}
rpc_address: ${host}
native_transport_port: ${port}
data_file_directories: ["${folder}/data"]
commitlog_directory: "${folder}/commitlog"
saved_caches_directory: "${folder}/saved_caches"
hints_directory: "${folder}/hints"
cdc_raw_directory: "${folder}/cdc_raw"
commitlog_sync: ${syncAlways ? "batch" : "periodic\ncommitlog_sync_period: 10s"}
${room}auto_snapshot: false
hinted_handoff_enabled: false
concurrent_reads: 16
concurrent_writes: 16
concurrent_compactors: 1
`;
}

const roomOfTests = `commitlog_segment_size: 16MiB
commitlog_total_space: 256MiB
memtable_allocation_type: unslabbed_heap_buffers
memtable_heap_space: 96MiB
memtable_offheap_space: 32MiB
file_cache_size: 32MiB
key_cache_size: 4MiB
`;
const roomOfMeasures = `commitlog_segment_size: 32MiB
commitlog_total_space: 1GiB
memtable_allocation_type: heap_buffers
memtable_heap_space: 512MiB
`;

export const logbackXml = `<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="STDOUT"/></root>
</configuration>
`;

export interface CommandSettings {
  /** The folder of the jars. */
  readonly jars: string;
  readonly config: string;
  readonly logback: string;
  /** For what is no data: the disk that holds the data may be full. */
  readonly runFolder: string;
  readonly syncAlways: boolean;
  readonly steady: boolean;
}

/** The arguments of `java`. */
export function cassandraCommand(settings: CommandSettings): string[] {
  const { jars, config, logback, runFolder, syncAlways, steady } = settings;
  return [
    ...(steady ? machineOfMeasures : machineOfTests),
    "-Xss512k",
    "-XX:+ExitOnOutOfMemoryError",
    ...exported.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
    ...opened.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
    `-Dcassandra.config=file://${config}`,
    `-Dcassandra.storagedir=${runFolder}`,
    `-Dcassandra.logdir=${runFolder}`,
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=1",
    "-Dcassandra-foreground=yes",
    // Tables are made several times as fast where schemas are not flushed, and are not there after a SIGKILL.
    ...(syncAlways ? [] : ["-Dcassandra.unsafesystem=true"]),
    `-Dlogback.configurationFile=${logback}`,
    `-Djava.io.tmpdir=${runFolder}`,
    "-cp",
    `${jars}/*`,
    "org.apache.cassandra.service.CassandraDaemon",
  ];
}

const machineOfTests = ["-Xms128m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const machineOfMeasures = ["-Xms2g", "-Xmx2g", "-Xmn1g", "-XX:+UseParallelGC"];

/** What Cassandra reaches into on Java 17. */
const exported = [
  "java.base/jdk.internal.misc",
  "java.base/jdk.internal.ref",
  "java.base/sun.nio.ch",
  "java.management.rmi/com.sun.jmx.remote.internal.rmi",
  "java.rmi/sun.rmi.registry",
  "java.rmi/sun.rmi.server",
  "java.sql/java.sql",
];
const opened = [
  "java.base/java.lang.module",
  "java.base/jdk.internal.loader",
  "java.base/jdk.internal.ref",
  "java.base/jdk.internal.reflect",
  "java.base/jdk.internal.math",
  "java.base/jdk.internal.module",
  "java.base/jdk.internal.util.jar",
  "java.base/sun.nio.ch",
  "java.base/java.io",
  "java.base/java.lang",
  "java.base/java.util",
  "java.base/java.nio",
  "java.base/java.lang.reflect",
  "java.base/java.util.concurrent",
  "jdk.management/com.sun.management.internal",
];
