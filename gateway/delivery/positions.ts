/**
 * A position of each shard, which only rise. Most streams stand where others do: an array that was given is shared, and
 * copied only when a position in it rises by itself.
 */
export class Positions {
  #own: number[] | undefined;
  #shared: readonly number[];

  constructor(positions: readonly number[]) {
    this.#shared = positions;
  }

  /** Not to be changed, and not changed later. */
  get all(): readonly number[] {
    if (this.#own) this.set(this.#own);
    return this.#shared;
  }

  at(shard: number): number {
    return (this.#own ?? this.#shared)[shard] ?? 0;
  }

  raise(shard: number, position: number): void {
    if (position <= this.at(shard)) return;
    this.#own ??= [...this.#shared];
    this.#own[shard] = position;
  }

  /** Raises each that is below the one given. */
  raiseAll(positions: readonly number[]): void {
    const isAbove = positions.every((position, shard) => position >= this.at(shard));
    if (isAbove) this.set(positions);
    else for (const [shard, position] of positions.entries()) this.raise(shard, position);
  }

  set(positions: readonly number[]): void {
    this.#own = undefined;
    this.#shared = positions;
  }
}
