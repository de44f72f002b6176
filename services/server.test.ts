import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { type Stack, startStack } from "./testing/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const protocols = ["grpc", "grpc-web", "connect", "connect-json"] as const;

test.each(protocols)("a registered user is known over %s", async (protocol) => {
  const user = await stack.registerUser(`marvin_${protocol.replace("-", "_")}`);
  const account = await user.client(AuthService, { protocol }).getAccount({});
  expect(account.userId).toBe(user.userId);
});

test.each(protocols)("over %s a call without a token is refused with a typed reason", async (protocol) => {
  const call = stack.client(ChatService, { protocol }).listConversations({});
  const error = ConnectError.from(await call.catch((reason: unknown) => reason));
  expect(error.code).toBe(Code.Unauthenticated);
  expect(error.findDetails(PlatformErrorSchema)).toMatchObject([{ reason: PlatformErrorReason.UNAUTHENTICATED }]);
});
