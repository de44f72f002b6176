/** Most keys of one call; the contracts allow no more. */
export const maxKeysPerCall = 200;
/** Calls under way at once: what is asked meanwhile gathers for the next one. */
const maxCalls = 4;

/** Asks for one key. Rejects where its call fails, or where the signal aborts before the key is asked for. */
export type AskOne<Key, Answer> = (key: Key, signal?: AbortSignal) => Promise<Answer>;

interface Waiting<Key, Answer> {
  readonly key: Key;
  readonly signal: AbortSignal | undefined;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
}

/**
 * Makes few calls of what many ask for one at a time: the more ask at once, the more a call asks for. An answer is
 * never older than the question. `ask` gives one for each key, in their order.
 */
export function gatherCalls<Key, Answer>(
  ask: (keys: readonly Key[]) => Promise<readonly Answer[]>,
): AskOne<Key, Answer> {
  const waiting: Waiting<Key, Answer>[] = [];
  let underWay = 0;
  let isScheduled = false;
  const call = async (asked: readonly Waiting<Key, Answer>[]) => {
    underWay++;
    try {
      const answers = await ask(asked.map(({ key }) => key));
      if (answers.length !== asked.length)
        throw new Error(`a call for ${asked.length} keys gave ${answers.length} answers`);
      for (const [index, answer] of answers.entries()) asked[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    underWay--;
    schedule();
  };
  const send = () => {
    isScheduled = false;
    while (waiting.length > 0 && underWay < maxCalls) {
      const next = waiting.splice(0, maxKeysPerCall);
      for (const { signal, reject } of next) if (signal?.aborted) reject(signal.reason);
      const asked = next.filter(({ signal }) => !signal?.aborted);
      if (asked.length > 0) void call(asked);
    }
  };
  // What is asked for in one turn goes together.
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(send);
  };
  return (key, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, signal, resolve, reject });
      schedule();
    });
}
