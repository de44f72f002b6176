import type { Installation } from "../installation/installation.ts";
import { diskFaults } from "./disks.ts";
import { duplicates } from "./duplicates.ts";
import type { Fault } from "./fault.ts";
import { messageFaults } from "./messages.ts";
import { natsFaults } from "./nats.ts";
import { processFaults } from "./processes.ts";
import { storeFaults } from "./stores.ts";

export const faults: readonly Fault[] = [
  ...processFaults,
  ...messageFaults,
  duplicates,
  ...natsFaults,
  ...storeFaults,
  ...diskFaults,
];

export function faultNamed(name: string): Fault {
  const fault = faults.find((one) => one.name === name);
  if (!fault) throw new RangeError(`there is no fault ${name}: ${faults.map((one) => one.name).join(", ")}`);
  return fault;
}

/** Why the fault can't strike this installation; "" where it can. */
export function missingFor({ needs }: Fault, { engines }: Pick<Installation, "engines">): string {
  if (!needs) return "";
  if (!engines) return "the engines are others' too";
  if (needs === "network" && !engines.network) return "no network namespaces can be made";
  if (needs === "disks" && !engines.disks) return "no disks can be mounted";
  return "";
}
