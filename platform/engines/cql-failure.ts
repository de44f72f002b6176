/** A statement failed. */
export class CqlFailure extends Error {
  override readonly name = "CqlFailure";
  /** "unknown" where a write may have been written, or may yet be. */
  readonly outcome: "refused" | "unknown";
  /** Whether the store was not there, or not enough of it; else the statement itself is wrong. */
  readonly isUnreachable: boolean;

  constructor(message: string, outcome: CqlFailure["outcome"], isUnreachable: boolean, cause: unknown) {
    super(message, { cause });
    this.outcome = outcome;
    this.isUnreachable = isUnreachable;
  }
}
