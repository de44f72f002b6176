import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { CqlFailure } from "#platform/engines/cql-failure.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { typedFailure } from "./typed-failure.ts";

test("a store that is away is told as such, and a statement that is wrong as a defect", () => {
  const defects: unknown[] = [];
  const told = (isUnreachable: boolean) => {
    const failure = new CqlFailure("store: 10.0.0.7 is away", "unknown", isUnreachable, undefined);
    return typedFailure(failure, (defect) => defects.push(defect));
  };
  const away = told(true);
  expect(away).toBeInstanceOf(ServiceError);
  expect(away).toMatchObject({
    code: Code.Unavailable,
    reason: PlatformErrorReason.STORE_UNREACHABLE,
    retryable: true,
  });
  expect(away.rawMessage).not.toContain("10.0.0.7");
  expect(defects).toEqual([]);
  expect(told(false)).toMatchObject({ code: Code.Internal });
  expect(defects).toHaveLength(1);
});
