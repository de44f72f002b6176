/** One of those who are measured beside each other. */
export interface Contender {
  readonly name: string;
}

/**
 * Measures each contender once in every round, so that what else goes on in the machine falls on all of them. Returns
 * each one's samples.
 */
export async function inRounds<C extends Contender, Sample>(
  contenders: readonly C[],
  rounds: number,
  measure: (contender: C) => Promise<Sample>,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) samples.get(contender.name)?.push(await measure(contender));
  }
  return samples;
}
