import type { Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf, type UserId } from "#platform/runtime/ids.ts";
import type { Sealer } from "#platform/runtime/sealing.ts";
import { chatErrors } from "../errors.ts";

/** How long a read waits until its process has followed as far as its `after` says. */
export const afterTimeoutMs = 2000;

/**
 * `after`: where in a shard an acknowledgement stands, sealed for the user who got it. One of another life of the log
 * may tell of what was lost, and is invalid.
 */
export interface AfterTokens {
  /** For the latest of some outcomes; empty where there is none. */
  of(user: UserId, id: ConversationId, outcomes: readonly { readonly position: number }[]): string;
  /** Waits until the position is followed. Empty: nothing to wait for. Throws INVALID_TOKEN or NOT_YET. */
  wait(user: UserId, token: string, signal: AbortSignal): Promise<void>;
}

const tokenBytes = 14;

export function createAfterTokens(sealer: Sealer, following: Following, incarnation: number): AfterTokens {
  const binding = (user: UserId) => ({ purpose: "after", holder: [user] }) as const;
  return {
    of(user, id, outcomes) {
      if (outcomes.length === 0) return "";
      const position = Math.max(...outcomes.map((outcome) => outcome.position));
      const content = Buffer.alloc(tokenBytes);
      content.writeUInt16BE(shardOf(id), 0);
      content.writeBigUInt64BE(BigInt(position), 2);
      content.writeUInt32BE(incarnation, 10);
      return sealer.seal(binding(user), content);
    },
    async wait(user, token, signal) {
      if (token === "") return;
      const opened = sealer.open(binding(user), token);
      if (opened?.length !== tokenBytes) throw chatErrors.INVALID_TOKEN({ message: "after" });
      const content = Buffer.from(opened);
      const shard = content.readUInt16BE(0);
      const isOfThisLife = content.readUInt32BE(10) === incarnation;
      if (shard >= following.shards || !isOfThisLife) throw chatErrors.INVALID_TOKEN({ message: "after" });
      const reached = await following.reached(shard, Number(content.readBigUInt64BE(2)), afterTimeoutMs, signal);
      if (!reached) throw chatErrors.NOT_YET();
    },
  };
}
