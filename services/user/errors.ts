import { Code } from "@connectrpc/connect";
import { UserErrorReason, UserErrorSchema } from "#gen/parley/user/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of UserService; see `parley/user/v1/errors.proto` for what callers do. */
export const userErrors = errorTable(UserErrorSchema, UserErrorReason, {
  NOT_FOUND: { code: Code.NotFound, message: "no such user" },
});
