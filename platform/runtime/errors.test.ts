import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { ServiceError } from "./errors.ts";

test("a failure reaches its caller with code, message and typed detail", async () => {
  const transport = createRouterTransport((router) =>
    router.service(AuthService, {
      getAccount() {
        throw platformErrors.RATE_LIMITED({ message: "slow down", retryAfterMs: 1500 });
      },
    }),
  );
  const failure = await createClient(AuthService, transport)
    .getAccount({})
    .catch((error: unknown) => ConnectError.from(error));
  if (!(failure instanceof ConnectError)) throw new Error("did not fail");
  expect(failure).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "too many calls: slow down" });
  expect(failure.findDetails(PlatformErrorSchema)).toMatchObject([
    {
      reason: PlatformErrorReason.RATE_LIMITED,
      retryable: true,
      retryAfter: { seconds: 1n, nanos: 500_000_000 },
    },
  ]);
});

test("a failure is told from other errors of the RPC library", () => {
  const failure = platformErrors.INTERNAL({ cause: "why" });
  expect(failure).toBeInstanceOf(ServiceError);
  expect(failure).toBeInstanceOf(ConnectError);
  expect(failure.cause).toBe("why");
  for (const other of [new ConnectError("x"), new Error("x"), undefined])
    expect(other).not.toBeInstanceOf(ServiceError);
});
