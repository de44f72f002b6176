import { Code } from "@connectrpc/connect";
import { AuthErrorReason, AuthErrorSchema } from "#gen/parley/auth/v1/errors_pb.js";
import { errorTable } from "#platform/runtime/errors.ts";

/** Failures of AuthService; see `parley/auth/v1/errors.proto` for what callers do. */
export const authErrors = errorTable(AuthErrorSchema, AuthErrorReason, {
  HANDLE_TAKEN: { code: Code.AlreadyExists, message: "handle is taken" },
  WRONG_CREDENTIALS: { code: Code.Unauthenticated, message: "wrong identifier or password" },
  REFRESH_REFUSED: { code: Code.Unauthenticated, message: "refresh token refused" },
  REFRESH_REUSED: { code: Code.Unauthenticated, message: "refresh token used twice, session revoked" },
  HASHING_BUSY: {
    code: Code.ResourceExhausted,
    message: "too many passwords are being checked",
    retryable: true,
    retryAfterMs: 1000,
  },
  SESSION_NOT_FOUND: { code: Code.NotFound, message: "no such session" },
  CODE_REFUSED: { code: Code.InvalidArgument, message: "code is wrong, used or past its time" },
  CONTACT_TAKEN: { code: Code.AlreadyExists, message: "another account has confirmed this contact" },
  CLIENT_ID_REUSED: { code: Code.AlreadyExists, message: "client id was used with other content" },
  ACCOUNT_NOT_FOUND: { code: Code.NotFound, message: "no such account" },
});
