/** Runs `work` in `workers` loops until the time is up; each starts again when it is done. Returns rounds a second. */
export async function roundsPerSecond(
  workers: number,
  seconds: number,
  work: (worker: number) => Promise<void>,
): Promise<number> {
  const warmUpMs = 300;
  let rounds = 0;
  let isOver = false;
  const loops = Array.from({ length: workers }, async (_, worker) => {
    while (!isOver) {
      await work(worker);
      rounds++;
    }
  });
  await pause(warmUpMs);
  const before = rounds;
  const start = performance.now();
  await pause(seconds * 1000);
  const rate = ((rounds - before) * 1000) / (performance.now() - start);
  isOver = true;
  await Promise.all(loops);
  return rate;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Begins `perSecond` pieces of work a second, whether or not the earlier ones are done, so that a slow server does not
 * slow its load down. Returns how many were begun; throws where one failed.
 */
export async function paced(
  perSecond: number,
  seconds: number,
  begin: (n: number) => Promise<unknown>,
): Promise<number> {
  const running: Promise<unknown>[] = [];
  const start = performance.now();
  const total = perSecond * seconds;
  while (running.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1);
    while (running.length < due) running.push(begin(running.length));
    await pause(1);
  }
  await Promise.all(running);
  return total;
}
