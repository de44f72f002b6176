/** What must be ended once something that was started is no longer wanted. */
export interface Endings {
  push(end: () => void | Promise<void>): void;
  /**
   * Ends in reverse of the order of pushing. One that fails keeps no other from its turn; the first failure is thrown
   * at the end. Running twice ends nothing twice.
   */
  run(): Promise<void>;
}

export function createEndings(): Endings {
  const ends: (() => void | Promise<void>)[] = [];
  const runAll = async () => {
    const failures: unknown[] = [];
    for (let end = ends.pop(); end; end = ends.pop()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  let running: Promise<void> | undefined;
  return {
    push: (end) => void ends.push(end),
    run() {
      running ??= runAll();
      return running;
    },
  };
}
