import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RefusedSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceErrorReason, PresenceErrorSchema } from "#gen/parley/presence/v1/errors_pb.js";

export type Refusal = Omit<MessageInitShape<typeof RefusedSchema>, "clientId" | "$typeName"> & {
  readonly retryable: boolean;
};

/** What a client is told of a command that failed. Outcomes that nobody knows are retryable. */
export function refusalOf(cause: unknown): Refusal {
  const error = ConnectError.from(cause);
  const { code, rawMessage: message } = error;
  const [chat] = error.findDetails(ChatErrorSchema);
  if (chat) return { code, message, chat: true, reason: chat.reason, retryable: chat.retryable };
  const [presence] = error.findDetails(PresenceErrorSchema);
  if (presence?.reason === PresenceErrorReason.NOT_A_MEMBER) {
    return { code, message, chat: true, reason: ChatErrorReason.NOT_A_MEMBER, retryable: presence.retryable };
  }
  const [platform] = error.findDetails(PlatformErrorSchema);
  if (platform) return { code, message, reason: platform.reason, retryable: platform.retryable };
  if (code === Code.DeadlineExceeded || code === Code.Canceled || code === Code.Unavailable) {
    return { code, message, reason: PlatformErrorReason.DEADLINE, retryable: true };
  }
  return { code: Code.Internal, message: "internal error", reason: PlatformErrorReason.INTERNAL, retryable: false };
}
