/**
 * Runs something for each item, at most `limit` at a time, and gives the results in the order of the items. After a
 * failure nothing new is begun; it rejects once what runs has ended.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  let failed = false;
  const work = async () => {
    for (const [index, item] of entries) {
      if (failed) return;
      results[index] = await run(item);
    }
  };
  const workFor = () =>
    work().catch((error) => {
      failed = true;
      throw error;
    });
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, workFor));
  for (const worker of ended) if (worker.status === "rejected") throw worker.reason;
  return results;
}
