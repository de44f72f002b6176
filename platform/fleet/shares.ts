/**
 * Who should hold each key, given who holds it now. `members` are those that compete; a key whose holder is not among
 * them is free. Each member comes to hold as many keys as any other, or one more; a key moves only where its holder has
 * too many. All who know the same come to the same result, and where nothing is wrong nothing changes.
 */
export function sharedOut(
  holders: readonly (string | undefined)[],
  members: readonly string[],
): (string | undefined)[] {
  if (members.length === 0) return holders.map(() => undefined);
  const held = new Map<string, number[]>([...members].sort().map((member) => [member, []]));
  for (const [key, holder] of holders.entries()) if (holder !== undefined) held.get(holder)?.push(key);
  const quotas = quotasOf(held, holders.length);
  const result = holders.map(() => undefined as string | undefined);
  for (const [member, keys] of held) for (const key of keys.slice(0, quotas.get(member))) result[key] = member;
  const free = [...result.keys()].filter((key) => result[key] === undefined).values();
  for (const [member, keys] of held) {
    for (let count = keys.length; count < (quotas.get(member) ?? 0); count++) {
      const { value: key } = free.next();
      if (key !== undefined) result[key] = member;
    }
  }
  return result;
}

/**
 * How many keys each member may hold. What can't be divided goes to those who hold more than the least already, so that
 * the fewest keys move; how much more says nothing, so that it stays as it is while they give up what is too much.
 */
function quotasOf(held: ReadonlyMap<string, readonly number[]>, keys: number): Map<string, number> {
  const least = Math.floor(keys / held.size);
  const oneMore = keys % held.size;
  const hasMore = (count: number) => (count > least ? 1 : 0);
  const ranked = [...held].sort(([, a], [, b]) => hasMore(b.length) - hasMore(a.length));
  return new Map(ranked.map(([member], rank) => [member, rank < oneMore ? least + 1 : least]));
}
