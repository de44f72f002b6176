import { Code } from "@connectrpc/connect";
import { PresenceErrorReason, PresenceErrorSchema } from "#gen/parley/presence/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of PresenceService; see `parley/presence/v1/errors.proto` for what callers do. */
export const presenceErrors = errorTable(PresenceErrorSchema, PresenceErrorReason, {
  NOT_A_MEMBER: { code: Code.PermissionDenied, message: "not a member of the conversation" },
});
