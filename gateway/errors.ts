import { Code } from "@connectrpc/connect";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

const { INVALID_TOKEN, SHARD_STOPPED, TOO_MANY_STREAMS, NOT_OPENED, OUTCOME_UNKNOWN } = ChatErrorReason;

/** Those failures of `parley/chat/v1/errors.proto` that streams have. */
export const streamErrors = errorTable(
  ChatErrorSchema,
  { INVALID_TOKEN, SHARD_STOPPED, TOO_MANY_STREAMS, NOT_OPENED, OUTCOME_UNKNOWN },
  {
    INVALID_TOKEN: { code: Code.InvalidArgument, message: "invalid token" },
    SHARD_STOPPED: { code: Code.Unavailable, message: "a shard is stopped" },
    TOO_MANY_STREAMS: {
      code: Code.ResourceExhausted,
      message: "too many streams",
      retryable: true,
      retryAfterMs: 5000,
    },
    NOT_OPENED: { code: Code.InvalidArgument, message: "open comes first, and only first" },
    OUTCOME_UNKNOWN: { code: Code.Unavailable, message: "outcome unknown", retryable: true, retryAfterMs: 500 },
  },
);
