import { ConnectError } from "@connectrpc/connect";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { refusedShard } from "../sequencer/not-owner.ts";

/**
 * What has become of a call, as far as it matters for repeating it. Whoever is "not the owner" did nothing; "unknown" is
 * whether it was done, and it may be repeated with its client id.
 */
export type Verdict = "final" | "not the owner" | "unknown";

/** One try of a call. */
export interface Attempt<Answer> {
  readonly verdict: Verdict;
  /** The shard that it was refused for, where it was refused in this process. */
  readonly shard?: number | undefined;
  /** Id of the process that is the owner as the one that was asked knows. */
  readonly hint?: string | undefined;
  /** The answer; throws what was thrown. */
  result(): Answer;
}

/** Header of a failure: id of the process that owns the shard. Ids say nothing to anybody outside. */
export const ownerHint = "parley-owner";

export async function attempt<Answer>(
  run: () => Answer | Promise<Answer>,
  verdictOn: (answer: Answer) => Verdict,
): Promise<Attempt<Answer>> {
  try {
    const answer = await run();
    return { verdict: verdictOn(answer), result: () => answer };
  } catch (error) {
    const result = () => {
      throw error;
    };
    return { verdict: verdictOnFailure(error), shard: refusedShard(error), hint: hintOf(error), result };
  }
}

export function verdictOnReason(reason: ChatErrorReason): Verdict {
  if (reason === ChatErrorReason.NOT_OWNER) return "not the owner";
  return reason === ChatErrorReason.OUTCOME_UNKNOWN ? "unknown" : "final";
}

function verdictOnFailure(error: unknown): Verdict {
  const failure = ConnectError.from(error);
  const [chat] = failure.findDetails(ChatErrorSchema);
  if (chat) return verdictOnReason(chat.reason);
  const [platform] = failure.findDetails(PlatformErrorSchema);
  return platform?.reason === PlatformErrorReason.PEER_UNREACHABLE ? "unknown" : "final";
}

function hintOf(error: unknown): string | undefined {
  return error instanceof ConnectError ? (error.metadata.get(ownerHint) ?? undefined) : undefined;
}
