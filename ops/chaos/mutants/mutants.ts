import type { Mutant } from "./mutant.ts";
import { ofDelivery } from "./of-delivery.ts";
import { ofTheLog } from "./of-the-log.ts";
import { ofTheStore } from "./of-the-store.ts";

export const mutants: readonly Mutant[] = [...ofTheLog, ...ofTheStore, ...ofDelivery];

export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((one) => one.name === name);
  if (!mutant) throw new RangeError(`there is no mutant ${name}: ${mutants.map((one) => one.name).join(", ")}`);
  return mutant;
}
