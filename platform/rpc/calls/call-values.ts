import { type ContextValues, createContextValues } from "@connectrpc/connect";

/** Whose methods all values share; else each call would have its own. */
const noValues = createContextValues();

/** Values of one call, empty at first. */
export function createCallValues(): ContextValues {
  return Object.create(noValues);
}
