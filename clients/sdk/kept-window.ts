export interface KeptLimits {
  readonly messages: number;
  readonly characters: number;
  readonly ageMs: number;
}

/** Which kept messages there are, oldest first, so that those beyond the limits are found without reading them. */
export class KeptWindow {
  readonly #limits: KeptLimits;
  readonly #kept = new Map<string, { readonly at: number; readonly length: number }>();
  #characters = 0;

  constructor(limits: KeptLimits) {
    this.#limits = limits;
  }

  add(clientId: string, at: number, length: number): void {
    this.#remove(clientId);
    this.#kept.set(clientId, { at, length });
    this.#characters += length;
  }

  /** Lets go of the oldest until the limits hold; returns their ids. */
  shrink(now: number): string[] {
    const { messages, characters, ageMs } = this.#limits;
    const dropped: string[] = [];
    for (const [clientId, { at }] of this.#kept) {
      if (this.#kept.size <= messages && this.#characters <= characters && at > now - ageMs) break;
      this.#remove(clientId);
      dropped.push(clientId);
    }
    return dropped;
  }

  #remove(clientId: string): void {
    this.#characters -= this.#kept.get(clientId)?.length ?? 0;
    this.#kept.delete(clientId);
  }
}
