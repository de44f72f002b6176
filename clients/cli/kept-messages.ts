import { type Parley, sleep } from "@parley/sdk";
import { explain } from "./failures.ts";
import type { Io } from "./terminal/io.ts";

/** How long messages may take before the command goes on; the outbox keeps them. */
export const sendPatienceMs = 20_000;

/** Sends what earlier commands left in the outbox, and tells what is refused. Where no server answers, it stays there. */
export async function sendKept(parley: Parley, io: Io, url: string): Promise<void> {
  const { outbox } = parley;
  if (outbox.waiting === 0) return;
  const answers = await parley.services.auth.getAccount({}).then(
    () => true,
    () => false,
  );
  if (!answers) return;
  const stopTelling = outbox.onRefused(({ error }) => {
    io.stderr.write(`parley: A message that was kept was refused: ${explain(error, url).sentence}\n`);
  });
  const done = new AbortController();
  const patience = sleep(sendPatienceMs, AbortSignal.any([done.signal, io.signal]));
  try {
    await Promise.race([outbox.flush(), patience]);
  } finally {
    done.abort();
    stopTelling();
  }
}
