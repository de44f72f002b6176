/** Lets one side wait until the other has taken its turn. */
export interface Turns {
  /** Resolves once a turn was given that nobody used, or there will be none any more. */
  next(): Promise<void>;
  give(): void;
  /** Every later wait is over at once. */
  end(): void;
}

export function createTurns(): Turns {
  let given = 0;
  let wake = () => {};
  const give = (count: number) => {
    given += count;
    wake();
  };
  return {
    async next() {
      while (given === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      given--;
    },
    give: () => give(1),
    end: () => give(Number.POSITIVE_INFINITY),
  };
}
