import { Code } from "@connectrpc/connect";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of ChatService; `parley/chat/v1/errors.proto` says what callers do. */
export const chatErrors = errorTable(ChatErrorSchema, ChatErrorReason, {
  NOT_A_MEMBER: { code: Code.PermissionDenied, message: "not a member of this conversation" },
  ROLE_TOO_LOW: { code: Code.PermissionDenied, message: "the caller's role does not allow it" },
  CLIENT_ID_REUSED: { code: Code.AlreadyExists, message: "client id was used with other content" },
  MESSAGE_NOT_FOUND: { code: Code.NotFound, message: "no such message" },
  MESSAGE_DELETED: { code: Code.FailedPrecondition, message: "message is deleted" },
  WRONG_KIND: { code: Code.FailedPrecondition, message: "the kind of the conversation does not allow it" },
  USER_NOT_FOUND: { code: Code.NotFound, message: "no such user" },
  OVERLOADED: { code: Code.ResourceExhausted, message: "too many commands wait", retryable: true, retryAfterMs: 500 },
  STORE_BEHIND: { code: Code.ResourceExhausted, message: "store is behind", retryable: true, retryAfterMs: 5000 },
  OUTCOME_UNKNOWN: { code: Code.Unavailable, message: "outcome unknown", retryable: true, retryAfterMs: 500 },
  NOT_OWNER: { code: Code.Unavailable, message: "another process owns the shard", retryable: true, retryAfterMs: 100 },
  NOT_YET: { code: Code.Unavailable, message: "not followed that far yet", retryable: true, retryAfterMs: 200 },
  INVALID_TOKEN: { code: Code.InvalidArgument, message: "invalid token" },
  LOG_FULL: { code: Code.ResourceExhausted, message: "log is full" },
  EVENT_TOO_LARGE: { code: Code.InvalidArgument, message: "event is larger than 64 KiB" },
  TOO_MANY_MEMBERS: { code: Code.ResourceExhausted, message: "conversation is full" },
  LAST_OWNER: { code: Code.FailedPrecondition, message: "a conversation needs an owner" },
  SHARD_STOPPED: { code: Code.Unavailable, message: "shard is stopped" },
  TOO_MANY_STREAMS: { code: Code.ResourceExhausted, message: "too many streams of this device" },
  NOT_OPENED: { code: Code.InvalidArgument, message: "open comes first, and only first" },
});
