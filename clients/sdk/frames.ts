/** A stream says something at least every 20 s; after this long without a frame it is taken for dead. */
export const silenceMs = 60_000;

/** The server went silent. */
export class SilenceError extends Error {
  override readonly name = "SilenceError";
  constructor() {
    super("the server went silent");
  }
}

/**
 * The items of `source`, ending with SilenceError where the next takes longer than `ms`. Time that the reader spends on
 * an item does not count.
 */
export async function* withWatchdog<Item>(source: AsyncIterable<Item>, ms: number = silenceMs): AsyncGenerator<Item> {
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await within(items.next(), ms);
      if (done) return;
      yield value;
    }
  } finally {
    items.return?.().catch(() => {});
  }
}

async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => silence.reject(new SilenceError()), ms);
  try {
    return await Promise.race([promise, silence.promise]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}
