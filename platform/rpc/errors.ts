import { Code } from "@connectrpc/connect";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures that are not particular to one service; see `parley/errors/v1/errors.proto` for what callers do. */
export const platformErrors = errorTable(PlatformErrorSchema, PlatformErrorReason, {
  UNAUTHENTICATED: { code: Code.Unauthenticated, message: "no valid token" },
  TOKEN_EXPIRED: { code: Code.Unauthenticated, message: "access token expired" },
  SESSION_REVOKED: { code: Code.Unauthenticated, message: "session revoked" },
  WRONG_CREDENTIAL: { code: Code.PermissionDenied, message: "method needs another kind of credential" },
  INVALID_ARGUMENT: { code: Code.InvalidArgument, message: "invalid request" },
  TOO_LARGE: { code: Code.ResourceExhausted, message: "request too large" },
  RATE_LIMITED: { code: Code.ResourceExhausted, message: "too many calls", retryable: true },
  STOPPING: { code: Code.Unavailable, message: "server is stopping", retryable: true, retryAfterMs: 1000 },
  DEADLINE: { code: Code.DeadlineExceeded, message: "deadline exceeded, outcome unknown", retryable: true },
  INTERNAL: { code: Code.Internal, message: "internal error" },
  UNKNOWN_METHOD: { code: Code.Unimplemented, message: "no such method" },
  CANCELLED: { code: Code.Canceled, message: "call cancelled" },
  PEER_UNREACHABLE: {
    code: Code.Unavailable,
    message: "another process of the server can't be reached, outcome unknown",
    retryable: true,
    retryAfterMs: 1000,
  },
  STORE_UNREACHABLE: {
    code: Code.Unavailable,
    message: "store can't be reached, outcome unknown",
    retryable: true,
    retryAfterMs: 1000,
  },
});
