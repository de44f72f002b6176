import { errors, types } from "cassandra-driver";
import { CqlFailure } from "./cql-failure.ts";

const codes = types.responseErrorCodes;
/** What a node answers to a statement that it would never run. */
const mistakes: readonly number[] = [
  codes.badCredentials,
  codes.syntaxError,
  codes.unauthorized,
  codes.invalid,
  codes.configError,
  codes.alreadyExists,
];
/** What it answers before it does anything. */
const refusals: readonly number[] = [...mistakes, codes.unavailableException, codes.isBootstrapping];

/** What a failure of the driver's means. */
export function failureOf(error: unknown): CqlFailure {
  if (error instanceof CqlFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CqlFailure(`store: ${message}`, isRefusal(error) ? "refused" : "unknown", !isMistake(error), error);
}

function isMistake(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return mistakes.includes(error.code);
  return error instanceof errors.ArgumentError || error instanceof TypeError;
}

/** Of a node that was not asked at all the driver tells in words why. */
function isRefusal(error: unknown): boolean {
  if (typeof error === "string") return true;
  if (error instanceof errors.ResponseError) return refusals.includes(error.code);
  if (error instanceof errors.NoHostAvailableError) return Object.values(error.innerErrors ?? {}).every(isRefusal);
  return isMistake(error);
}
