/** Most sends of one stream that wait for their answer; beyond it the server stops reading. */
export const maxUnanswered = 64;

/**
 * Sends of one stream and their answers. A send is answered once: by the log, just before its event, or by the outcome
 * of its call, whichever is first.
 */
export class Answers {
  readonly #waiting = new Set<string>();
  /** Answered by the call, while the log is still to come. */
  readonly #early = new Set<string>();
  #onRoom = () => {};

  /** Resolves once fewer than 64 sends wait. */
  async room(): Promise<void> {
    if (this.#waiting.size < maxUnanswered) return;
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve;
    });
  }

  expect(clientId: string): void {
    this.#waiting.add(clientId);
  }

  /** The log has the message: whether that is still to be told. */
  fromLog(clientId: string): boolean {
    if (this.#early.delete(clientId)) return false;
    this.#answered(clientId);
    return true;
  }

  /** The call has an outcome: whether that is still to be told. `logFollows`: the log will come with it too. */
  fromCall(clientId: string, logFollows: boolean): boolean {
    if (!this.#answered(clientId)) return false;
    if (logFollows) this.#remember(clientId);
    return true;
  }

  /** Lets nobody wait for room any more. */
  close(): void {
    this.#waiting.clear();
    this.#onRoom();
  }

  #answered(clientId: string): boolean {
    if (!this.#waiting.delete(clientId)) return false;
    this.#onRoom();
    return true;
  }

  /** Where a `limited` covers the message, the log never comes with it. */
  #remember(clientId: string): void {
    const [oldest] = this.#early;
    if (oldest !== undefined && this.#early.size >= maxUnanswered * 4) this.#early.delete(oldest);
    this.#early.add(clientId);
  }
}
