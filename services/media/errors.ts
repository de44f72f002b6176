import { Code } from "@connectrpc/connect";
import { MediaErrorReason, MediaErrorSchema } from "#gen/parley/media/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of MediaService; see `parley/media/v1/errors.proto` for what callers do. */
export const mediaErrors = errorTable(MediaErrorSchema, MediaErrorReason, {
  NOT_FOUND: { code: Code.NotFound, message: "no such upload or file" },
  NOT_A_MEMBER: { code: Code.PermissionDenied, message: "not a member of the conversation" },
  WRONG_OFFSET: { code: Code.FailedPrecondition, message: "chunk does not start where the upload ends" },
  BEYOND_SIZE: { code: Code.InvalidArgument, message: "chunk goes beyond the announced size" },
  WRONG_DIGEST: { code: Code.DataLoss, message: "bytes do not have the announced sha-256" },
  INCOMPLETE: { code: Code.FailedPrecondition, message: "bytes are missing" },
  TOO_MANY_UPLOADS: { code: Code.ResourceExhausted, message: "too many unfinished uploads", retryable: true },
  CLIENT_ID_REUSED: { code: Code.AlreadyExists, message: "client id was used for a call with other content" },
});
