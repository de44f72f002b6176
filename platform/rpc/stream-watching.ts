/**
 * Watches a stream without touching what flows: `onEnd` is called once, with the error if it failed, and what it
 * returns is thrown in the error's place.
 */
export function watchEnd<T>(stream: AsyncIterable<T>, onEnd: (error?: unknown) => unknown): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = stream[Symbol.asyncIterator]();
      let ended = false;
      const end = (error?: unknown): unknown => {
        if (ended) return error;
        ended = true;
        return onEnd(error);
      };
      const settle = (step: Promise<IteratorResult<T>>) =>
        step.then(
          (result) => {
            if (result.done) end();
            return result;
          },
          (error: unknown) => {
            throw end(error);
          },
        );
      return {
        next: () => settle(inner.next()),
        return: () => settle(inner.return?.() ?? Promise.resolve({ done: true, value: undefined })),
        throw: (error: unknown) => settle(inner.throw?.(error) ?? Promise.reject(error)),
      };
    },
  };
}
