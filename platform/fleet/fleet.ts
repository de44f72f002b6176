import type { Leases } from "./leases.ts";
import type { Process, Processes } from "./processes.ts";

/** The processes of the installation, and how they share its work. */
export interface Fleet {
  /** This process. */
  readonly self: Process;
  readonly processes: Processes;
  readonly leases: Leases;
  /** Says good-bye to the others; leases that are still held are free at once. Closing twice is harmless. */
  close(): Promise<void>;
}
