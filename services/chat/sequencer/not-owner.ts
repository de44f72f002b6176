import type { ServiceError } from "#platform/runtime/errors.ts";
import { chatErrors } from "../errors.ts";

/** Which shard a command was refused for. */
class NotOwned {
  readonly shard: number;

  constructor(shard: number) {
    this.shard = shard;
  }
}

/** NOT_OWNER, from which `refusedShard` tells the shard in this process. */
export function notOwnerOf(shard: number): ServiceError {
  return chatErrors.NOT_OWNER({ cause: new NotOwned(shard) });
}

/** The shard that a failure of this process is about, where it is about one. */
export function refusedShard(error: unknown): number | undefined {
  return error instanceof Error && error.cause instanceof NotOwned ? error.cause.shard : undefined;
}
