import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";

/**
 * A failure that its caller is told: one row of a service's error table. Its name stays `ConnectError`: that is how the
 * RPC library tells that the code and the details are meant for the caller.
 */
export class ServiceError extends ConnectError {
  readonly reason: number;
  readonly retryable: boolean;

  constructor(row: ErrorRow, reason: number, schema: DescMessage, retryAfterMs?: number) {
    super(row.message, row.code);
    this.reason = reason;
    this.retryable = row.retryable ?? false;
    const wait = retryAfterMs ?? row.retryAfterMs;
    const init = {
      reason,
      retryable: this.retryable,
      ...(wait === undefined ? {} : { retryAfter: durationFromMs(wait) }),
    };
    this.details.push({ desc: schema, value: create(schema, init as MessageInitShape<DescMessage>) });
  }

  /** By the prototype, not by the name as the base class does: other ConnectErrors are none. */
  static override [Symbol.hasInstance](value: unknown): value is ServiceError {
    return Function.prototype[Symbol.hasInstance].call(ServiceError, value);
  }
}

export interface ErrorRow {
  readonly code: Code;
  /** One sentence without a full stop, for a developer's eyes. */
  readonly message: string;
  /** True if the same call may succeed later without change. */
  readonly retryable?: boolean;
  /** How long the caller waits before repeating. */
  readonly retryAfterMs?: number;
}

export interface ErrorOptions {
  /** What in particular, added to the row's message. */
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export interface ErrorFactory {
  (options?: ErrorOptions): ServiceError;
  readonly row: ErrorRow;
  readonly reason: number;
}

/**
 * A service's error table: `table.NOT_A_MEMBER()` makes the error with its typed detail. Keys are the names of the
 * enum's values without their prefix: a reason without a row, or a row without a reason, does not compile.
 */
export function errorTable<Reason extends Record<string, string | number>>(
  schema: DescMessage,
  reasons: Reason,
  rows: { readonly [Key in ReasonName<Reason>]: ErrorRow },
): { readonly [Key in ReasonName<Reason>]: ErrorFactory } {
  const entries = Object.entries<ErrorRow>(rows).map(([name, row]) => [
    name,
    errorFactory(schema, Number(reasons[name]), row),
  ]);
  return Object.fromEntries(entries);
}

type ReasonName<Reason> = Exclude<keyof Reason & string, "UNSPECIFIED">;

function errorFactory(schema: DescMessage, reason: number, row: ErrorRow): ErrorFactory {
  return Object.assign(
    (options: ErrorOptions = {}) => {
      const message = options.message ? `${row.message}: ${options.message}` : row.message;
      const error = new ServiceError({ ...row, message }, reason, schema, options.retryAfterMs);
      if (options.cause !== undefined) error.cause = options.cause;
      return error;
    },
    { row, reason },
  );
}
