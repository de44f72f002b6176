import { Code } from "@connectrpc/connect";
import { BackupErrorReason, BackupErrorSchema } from "#gen/parley/backup/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of BackupService; `parley/backup/v1/errors.proto` says what callers do. */
export const backupErrors = errorTable(BackupErrorSchema, BackupErrorReason, {
  RUNNING: { code: Code.ResourceExhausted, message: "a backup is being made", retryable: true, retryAfterMs: 10_000 },
  DAMAGED: { code: Code.DataLoss, message: "the copy does not hold together" },
});
