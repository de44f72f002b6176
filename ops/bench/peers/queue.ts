/** What was published and is not read yet by one subscriber, as the answer of a streaming handler. */
export interface Queue<T> extends AsyncIterable<T> {
  push(item: T): void;
}

/** Ends when the signal is aborted. */
export function createQueue<T>(signal: AbortSignal): Queue<T> {
  const items: T[] = [];
  let wake = () => {};
  signal.addEventListener("abort", () => wake(), { once: true });
  return {
    push(item) {
      items.push(item);
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (!signal.aborted) {
        yield* items.splice(0);
        if (items.length > 0 || signal.aborted) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
