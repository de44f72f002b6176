import { shapeOfRun } from "./shape.ts";
import { type Stack, startStack } from "./stack.ts";

let shared: Promise<Stack> | undefined;
let guests = 0;

/**
 * An installation for tests that leave others alone. On files each file has its own; engines take long to be made ready,
 * so there all files of a shape share one, and handles are made unique.
 */
export async function joinStack(): Promise<Stack> {
  if (shapeOfRun() === "embedded") return await startStack();
  shared ??= startStack();
  const stack = await shared;
  const guest = ++guests;
  return Object.create(stack, {
    registerUser: { value: (handle: string) => stack.registerUser(`${handle}_${guest}`) },
    stop: { value: async () => undefined },
  });
}

/** Ends the one that was shared. */
export async function endSharedStack(): Promise<void> {
  await (await shared)?.stop();
  shared = undefined;
}
