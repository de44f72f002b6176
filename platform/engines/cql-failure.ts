import { errors, types } from "cassandra-driver";

/** A statement failed. `outcome` is "unknown" where a write may have been written, or may yet be. */
export class CqlFailure extends Error {
  override readonly name = "CqlFailure";
  readonly outcome: "refused" | "unknown";

  constructor(message: string, outcome: CqlFailure["outcome"], cause: unknown) {
    super(message, { cause });
    this.outcome = outcome;
  }
}

const codes = types.responseErrorCodes;
/** What a node answers before it does anything. */
const refusals: readonly number[] = [
  codes.badCredentials,
  codes.unavailableException,
  codes.isBootstrapping,
  codes.syntaxError,
  codes.unauthorized,
  codes.invalid,
  codes.configError,
  codes.alreadyExists,
];

export function failureOf(error: unknown): CqlFailure {
  if (error instanceof CqlFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CqlFailure(`store: ${message}`, isRefusal(error) ? "refused" : "unknown", error);
}

/** Of a node that was not asked at all the driver tells in words why. */
function isRefusal(error: unknown): boolean {
  if (typeof error === "string") return true;
  if (error instanceof errors.ResponseError) return refusals.includes(error.code);
  if (error instanceof errors.NoHostAvailableError) return Object.values(error.innerErrors ?? {}).every(isRefusal);
  return error instanceof errors.ArgumentError || error instanceof TypeError;
}
