/**
 * Does work for a key once at a time: who asks while it is under way gets the outcome of that one, also where it fails.
 * Nothing is kept of what has settled.
 */
export function shareCalls<Outcome>(): (key: string, work: () => Promise<Outcome>) => Promise<Outcome> {
  const underWay = new Map<string, Promise<Outcome>>();
  return (key, work) => {
    const other = underWay.get(key);
    if (other) return other;
    const own = work().finally(() => underWay.delete(key));
    underWay.set(key, own);
    return own;
  };
}
