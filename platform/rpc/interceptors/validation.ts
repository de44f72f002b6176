import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { Interceptor } from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";

/** Holds every request, and every message that a client streams, to the field rules of the contract. */
export function interceptValidation(): Interceptor {
  const validator = createValidator();
  const check = <Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): void => {
    const result = validator.validate(schema, message);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid") throw platformErrors.INVALID_ARGUMENT({ message: sayViolations(result.violations) });
  };
  return (next) => async (request) => {
    if (!request.stream) {
      check(request.method.input, request.message);
      return await next(request);
    }
    const { input } = request.method;
    return await next({ ...request, message: eachChecked(request.message, (message) => check(input, message)) });
  };
}

async function* eachChecked<T>(messages: AsyncIterable<T>, check: (message: T) => void): AsyncIterable<T> {
  for await (const message of messages) {
    check(message);
    yield message;
  }
}

/** Most broken rules that an error names. */
const maxNamed = 5;

/** Such as "device.id: must be a valid UUID; name: must be at most 128 bytes". */
function sayViolations(violations: readonly Violation[]): string {
  return violations
    .slice(0, maxNamed)
    .map((violation) => violation.toString().replace(/ \[.*\]$/, ""))
    .join("; ");
}
