import type { DescService } from "@bufbuild/protobuf";
import type { Client, ServiceImpl } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Bus } from "#platform/bus/bus.ts";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import type { Budget, Budgets } from "#platform/rpc/budgets.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Snapshots } from "./engines.ts";
import type { Keys } from "./keys.ts";
import type { Ephemeral } from "./open-ephemeral.ts";
import type { Store } from "./open-store.ts";
import type { OwnedMethods } from "./owned-methods.ts";
import type { Sealer } from "./sealing.ts";

/**
 * One part of the server that starts and stops as a whole: a service, the gateway, a consumer of the log.
 * Modules start in the order of their needs and stop in reverse.
 */
export interface ModuleDefinition {
  readonly name: string;
  /** Names of the modules that must run first. */
  readonly needs: readonly string[];
  /** Whether it looks at what is followed of the log. Where no module does, the process follows no shard. */
  readonly follows?: boolean;
  /** Methods that one process of those which run the module answers at once, while others pass them on to it. */
  readonly owned?: OwnedMethods;
  start(boot: Boot): Promise<Module>;
}

/** A module that runs. */
export interface Module {
  /**
   * Called first when the server stops, where another process runs the module, too: gives what this one alone does to
   * that, while all calls are still answered.
   */
  handOver?(): Promise<void>;
  /** Why the module can't serve now, or undefined if it can. Asked by `/readyz`; must answer at once. */
  notReady?(): string | undefined;
  /** Called when the server stops, while calls are still answered: close streams, refuse new work. */
  drain?(): Promise<void>;
  /** Ends everything the module owns. Stopping twice is harmless. */
  stop(): Promise<void>;
}

/** What modules stand on. Made once by `main.ts`, or by a test. */
export interface Boot {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Aborts when the server begins to stop. */
  readonly signal: AbortSignal;
  /** Served at `/metrics`. */
  readonly metrics: Registry;
  /** Absent: telemetry is off. */
  readonly tracing?: Tracing | undefined;
  readonly bus: Bus;
  readonly sealer: Sealer;
  /** Keys that all processes of the installation have. Reading it throws in a process without data. */
  readonly keys: Keys;
  /** Calls a minute of each user. The edge charges calls, the gateway what is said on streams, both by `userKey`. */
  readonly callBudget: Budget;
  /** Where other budgets are made. */
  readonly budgets: Budgets;
  /** The store's engine, open and migrated. Reading it throws in a process without data. */
  readonly store: Store;
  /** How far the consumers of the log have come. In the store, as `store` is. */
  readonly checkpoints: CheckpointStore;
  readonly ephemeral: Ephemeral;
  readonly log: EventLog;
  /** The processes of the installation, and who of them works on what. */
  readonly fleet: Fleet;
  /** Life of the log, from 1: the next one begins when a log was lost or a backup restored. */
  readonly incarnation: number;
  readonly following: Following;
  readonly installationId: string;
  /** Copies of the files of this installation; absent where engines have means of their own. */
  readonly snapshots?: Snapshots;
  /** Serves an implementation on the port, and to peers in this process. */
  serve<Service extends DescService>(service: Service, implementation: ServiceImpl<Service>): void;
  /** A typed client of a service, in this process or another. Calls carry the identity given with `callAs`. */
  peer<Service extends DescService>(service: Service): Client<Service>;
  /** The same of one process alone, by its address in the fleet. */
  peerAt<Service extends DescService>(service: Service, address: string): Client<Service>;
  /** Names the one who verifies credentials at the edge. Called once, by the auth module. */
  authenticateWith(authenticator: Authenticator): void;
}
