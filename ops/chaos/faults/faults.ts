import type { Fault } from "./fault.ts";
import { processFaults } from "./processes.ts";

export const faults: readonly Fault[] = [...processFaults];

export function faultNamed(name: string): Fault {
  const fault = faults.find((one) => one.name === name);
  if (!fault) throw new RangeError(`there is no fault ${name}: ${faults.map((one) => one.name).join(", ")}`);
  return fault;
}
