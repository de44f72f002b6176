import { Client, type DseClientOptions, errors, policies, types } from "cassandra-driver";
import { StartError } from "#platform/runtime/start-error.ts";
import { ByToken } from "./cql-routing.ts";
import type { CqlSettings } from "./cql-url.ts";

/** How long a statement may take. Nodes give up sooner: reads after 5 s, writes after 2 s, conditional ones after 1 s. */
const requestMs = 6_000;
const connectMs = 5_000;
/** How often an idle connection is asked whether it still answers. */
const heartbeatMs = 5_000;
/** A read that no node has answered by then is sent to another one too. */
const speculateMs = 500;
/** Requests that wait for an answer, a node. What comes beyond is refused by that node's turn and tried at another. */
const maxRequestsPerNode = 2_048;

/**
 * Each: oldest release whose features are used, and how an operator reads what runs. Older ones of ScyllaDB refuse
 * conditional writes in keyspaces with tablets, which they make unless told otherwise.
 */
const floors = { Cassandra: [4, 1], ScyllaDB: [2025, 4] } as const;

/**
 * A connected client of a cluster that this program can work with; of its keyspace, unless `keyspace` is null.
 * Throws StartError otherwise.
 */
export async function connectCql(settings: CqlSettings, keyspace: string | null = settings.keyspace): Promise<Client> {
  const client = new Client(clientOptions(settings, keyspace));
  client.on("hostRemove", (host: RemovedHost) => void host.shutdown(false));
  try {
    await client.connect();
    await refuseOldVersion(client);
    return client;
  } catch (error) {
    await client.shutdown();
    throw startErrorOf(error, settings);
  }
}

/**
 * After the last node was away the driver makes what it knows of nodes anew, and keeps connecting for what it knew before,
 * too, even once it is closed. Missing in its types.
 */
interface RemovedHost {
  shutdown(waitForPending: boolean): Promise<void>;
}

function clientOptions(settings: CqlSettings, keyspace: string | null): DseClientOptions {
  const { contactPoints, localDataCenter, credentials } = settings;
  return {
    contactPoints: [...contactPoints],
    ...(keyspace === null ? {} : { keyspace }),
    ...(credentials ? { credentials } : {}),
    policies: timedByNodes({
      // Nodes that hold the partition first, in this data centre only.
      loadBalancing: new ByToken(new policies.loadBalancing.DCAwareRoundRobinPolicy(localDataCenter)),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(200, 5_000),
      // At another node, once; what is not idempotent only where the first has not begun it.
      retry: new policies.retry.IdempotenceAwareRetryPolicy(new policies.retry.RetryPolicy()),
      speculativeExecution: new SpeculativeReads(speculateMs, 1),
    }),
    pooling: { heartBeatInterval: heartbeatMs, maxRequestsPerConnection: maxRequestsPerNode },
    socketOptions: { connectTimeout: connectMs, readTimeout: requestMs, defunctReadTimeoutThreshold: 4 },
    protocolOptions: { maxSchemaAgreementWaitSeconds: 30 },
    queryOptions: { consistency: types.consistencies.localQuorum, prepare: true },
    monitorReporting: { enabled: false },
  };
}

/**
 * Without a generator of the driver's the time of a write is the node's: clocks of nodes are kept together, and a
 * process whose own is wrong hides nobody's later writes.
 */
function timedByNodes<Policies extends object>(chosen: Policies): Policies {
  return Object.assign(chosen, { timestampGeneration: null });
}

/** Writes are never sent twice at the same time: under load that would double it. */
class SpeculativeReads extends policies.speculativeExecution.ConstantSpeculativeExecutionPolicy {
  override newPlan(keyspace: string, queryInfo: string | object[]): { nextExecution: () => number } {
    const isRead = typeof queryInfo === "string" && /^\s*SELECT/i.test(queryInfo);
    const { nextExecution } = isRead ? super.newPlan(keyspace, queryInfo) : { nextExecution: () => -1 };
    return { nextExecution: () => Number(nextExecution()) };
  }
}

async function refuseOldVersion(client: Client): Promise<void> {
  const [product, version] = await readVersion(client);
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [floorMajor, floorMinor] = floors[product];
  if (major > floorMajor || (major === floorMajor && minor >= floorMinor)) return;
  throw new StartError(`The store is ${product} ${version}: upgrade it to ${floorMajor}.${floorMinor} or newer.`);
}

/** ScyllaDB tells an old release of Cassandra in `system.local`, and its own in a table that only it has. */
async function readVersion(client: Client): Promise<[keyof typeof floors, string]> {
  const here = { consistency: types.consistencies.localOne, prepare: false };
  try {
    const scylla = await client.execute("SELECT version FROM system.versions WHERE key = 'local'", [], here);
    return ["ScyllaDB", String(scylla.first()?.version)];
  } catch (error) {
    if (!(error instanceof errors.ResponseError)) throw error;
    const cassandra = await client.execute("SELECT release_version FROM system.local WHERE key = 'local'", [], here);
    return ["Cassandra", String(cassandra.first()?.release_version)];
  }
}

function startErrorOf(error: unknown, { contactPoints, localDataCenter, keyspace }: CqlSettings): unknown {
  if (error instanceof StartError || !(error instanceof Error)) return error;
  const causes = error instanceof errors.NoHostAvailableError ? Object.values(error.innerErrors ?? {}) : [error];
  const messages = causes.map((cause) => (cause instanceof Error ? cause.message : String(cause)));
  if (messages.some((message) => /keyspace .* does not exist/i.test(message))) {
    return new StartError(`The store has no keyspace "${keyspace}": run npm run migrate, or mend PARLEY_STORE.`);
  }
  const dataCenters = /Available DCs are: \[(.*)\]/.exec(messages.join())?.[1];
  if (dataCenters !== undefined) {
    return new StartError(
      `The store has no data centre "${localDataCenter}" but ${dataCenters}: mend dc in PARLEY_STORE.`,
    );
  }
  if (causes.some((cause) => cause instanceof errors.AuthenticationError)) {
    return new StartError("The store refuses the user and the password in PARLEY_STORE.");
  }
  const reason = messages[0] ?? "no such host";
  return new StartError(
    `The store can't be reached at ${contactPoints.join(", ")}: start it, or mend PARLEY_STORE (${reason}).`,
  );
}
