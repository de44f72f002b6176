import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { Check } from "./calls/route.ts";
import { platformErrors } from "./errors.ts";

/** Expressions of the contract, put together once. They are ours: none needs the guarantees of a slower engine. */
const expressions = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  const expression = expressions.get(pattern) ?? new RegExp(pattern, "u");
  expressions.set(pattern, expression);
  return expression.test(text);
}

/** Holds every request, and every message that a client streams, to the field rules of the contract. */
export function createValidation(): Check {
  const validator = createValidator({ regexMatch: matches });
  return ({ input }, message) => {
    const result = validator.validate(input, message);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid") throw platformErrors.INVALID_ARGUMENT({ message: sayViolations(result.violations) });
  };
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
