/** Most sends of one stream whose call is not over; beyond it the server stops reading. */
export const maxUnanswered = 64;

/**
 * Sends of one stream and their answers. A send is answered once: by the log, just before its event, or by the outcome
 * of its call, whichever is first.
 */
export class Answers {
  readonly #waiting = new Set<string>();
  /** Answered by the call, while the log is still to come. */
  readonly #early = new Set<string>();
  /** Not the size of `#waiting`: a client may repeat an id while it waits. */
  #underWay = 0;
  #onRoom = () => {};

  /** Resolves once fewer than 64 sends are under way. */
  async room(): Promise<void> {
    if (this.#underWay < maxUnanswered) return;
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve;
    });
  }

  expect(clientId: string): void {
    this.#underWay++;
    this.#waiting.add(clientId);
  }

  /** The call of a send that was expected is over. */
  over(): void {
    this.#underWay--;
    this.#onRoom();
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
    this.#underWay = 0;
    this.#onRoom();
  }

  #answered(clientId: string): boolean {
    return this.#waiting.delete(clientId);
  }

  /** Where a `limited` covers the message, the log never comes with it. */
  #remember(clientId: string): void {
    const [oldest] = this.#early;
    if (oldest !== undefined && this.#early.size >= maxUnanswered * 4) this.#early.delete(oldest);
    this.#early.add(clientId);
  }
}
