import type { Client } from "@connectrpc/connect";
import type { UserService } from "#gen/parley/user/v1/user_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Sealer } from "#platform/runtime/sealing.ts";
import type { AfterTokens } from "./reads/after-tokens.ts";
import type { CatchUp } from "./reads/catch-up.ts";
import type { ConversationReads } from "./reads/conversation-reads.ts";
import type { HistoryReads } from "./reads/history-reads.ts";
import type { Sequencer } from "./sequencer/sequencer.ts";
import type { IdempotenceStore } from "./stores/idempotence-store.ts";
import type { MarkStore } from "./stores/mark-store.ts";

/** What the handlers of ChatService stand on; each takes the part that it needs. */
export interface ChatDeps {
  readonly conversations: ConversationReads;
  readonly history: HistoryReads;
  readonly marks: MarkStore;
  readonly idempotence: IdempotenceStore;
  readonly sequencer: Sequencer;
  readonly following: Following;
  readonly fleet: Pick<Fleet, "processes">;
  readonly after: AfterTokens;
  readonly catchUp: CatchUp;
  readonly sealer: Sealer;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly users: Client<typeof UserService>;
}
