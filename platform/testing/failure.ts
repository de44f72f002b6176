import { type Code, ConnectError } from "@connectrpc/connect";
import { type PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";

export interface Failure {
  readonly code: Code;
  readonly message: string;
  /** Undefined where the failure carries no platform error. */
  readonly reason: PlatformErrorReason | undefined;
  readonly retryAfterMs: number | undefined;
}

/** How a call failed. Throws where it did not. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => {
      throw new Error("the call did not fail");
    },
    (reason: unknown) => ConnectError.from(reason),
  );
  const [detail] = error.findDetails(PlatformErrorSchema);
  const wait = detail?.retryAfter;
  const retryAfterMs = wait && Number(wait.seconds) * 1000 + wait.nanos / 1e6;
  return { code: error.code, message: error.rawMessage, reason: detail?.reason, retryAfterMs };
}
