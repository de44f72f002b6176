import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { CqlFailure } from "#platform/engines/cql-failure.ts";
import { platformErrors } from "./errors.ts";

/** Told of failures that nobody meant: the defect, and the id under which its caller heard of it. */
export type OnDefect = (error: unknown, id: string) => void;

/**
 * What a caller is told of a failure: always with a typed detail, and nothing of the server's inside. An error with
 * details passes as it is; what the framework raises gets the row of its code; anything else is a defect.
 */
export function typedFailure(error: unknown, onDefect: OnDefect): ConnectError {
  return tellable(typed(error, onDefect));
}

function typed(error: unknown, onDefect: OnDefect): ConnectError {
  if (error instanceof CqlFailure && error.isUnreachable) return platformErrors.STORE_UNREACHABLE({ cause: error });
  if (!(error instanceof ConnectError)) return isGone(error) ? platformErrors.CANCELLED() : defect(error, onDefect);
  if (error.details.length > 0) return error;
  const message = error.rawMessage;
  switch (error.code) {
    case Code.InvalidArgument:
    case Code.OutOfRange:
    case Code.FailedPrecondition:
      return platformErrors.INVALID_ARGUMENT({ message, cause: error });
    case Code.ResourceExhausted:
      return platformErrors.TOO_LARGE({ message, cause: error });
    case Code.Unimplemented:
      return platformErrors.UNKNOWN_METHOD({ message, cause: error });
    case Code.DeadlineExceeded:
      return platformErrors.DEADLINE({ cause: error });
    case Code.Canceled:
    case Code.Aborted:
      return platformErrors.CANCELLED({ cause: error });
    case Code.Internal:
      // What the framework says of a protobuf body that it can't decode.
      if (message.startsWith("parse binary")) return platformErrors.INVALID_ARGUMENT({ message, cause: error });
      return defect(error, onDefect);
    default:
      return defect(error, onDefect);
  }
}

/** Most characters of a message: gRPC tells it in trailers, twice and encoded, of which clients take some kilobytes. */
export const maxMessageLength = 512;

/** Messages may quote what a caller sent: anything of any length. */
function tellable(error: ConnectError): ConnectError {
  const { rawMessage: message, code, metadata, details, cause } = error;
  if (message.length <= maxMessageLength && message.isWellFormed()) return error;
  const told = new ConnectError(message.slice(0, maxMessageLength).toWellFormed(), code, metadata, undefined, cause);
  told.details = details;
  return told;
}

function defect(error: unknown, onDefect: OnDefect): ConnectError {
  const id = randomUUID();
  onDefect(error, id);
  return platformErrors.INTERNAL({ message: id });
}

/** What Node raises where a caller went away in the middle of a call. */
const goneCodes = ["ABORT_ERR", "ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ERR_HTTP2_STREAM_ERROR"];

function isGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "AbortError" || ("code" in error && goneCodes.includes(String(error.code)));
}
