import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DeliveryService, FrameSchema, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { createBackoff } from "../../../clients/sdk/backoff.ts";
import type { Person } from "../load/people.ts";
import { pause } from "../load/rates.ts";
import { pathOf, type Wire } from "../load/wire.ts";

/** What a refusal asks clients to wait at least. */
const retryAfterMs = 1_000;
const firstWaitMs = 500;

/** Somebody who listens, and comes back after every end, as clients of the SDK do. */
export interface Listener {
  /** The messages that they were told. */
  readonly seqs: ReadonlySet<string>;
  /** When they last became live; 0 while they are not. */
  liveAt(): number;
  /** They leave, and do not come back. */
  leave(): void;
}

/** `reach` tells where to open the next stream; `ended` hears how each one ended. */
export function listen(person: Person, reach: () => Wire, ended: (how: string) => void): Listener {
  const seqs = new Set<string>();
  const backoff = createBackoff({ firstMs: firstWaitMs });
  let [token, liveAt, hasLeft] = ["", 0, false];
  const take = (message: Buffer) => {
    const { frame } = fromBinary(FrameSchema, message);
    if (frame.case === "event" && frame.value.body.case === "messagePosted") {
      seqs.add(`${frame.value.conversationId} ${frame.value.seq}`);
    }
    if (frame.case === "caughtUp" || frame.case === "heartbeat") token = frame.value.token;
    if (frame.case !== "caughtUp") return;
    liveAt = performance.now();
    backoff.reset();
  };
  const comeBack = async () => {
    while (!hasLeft) {
      const body = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { token }));
      const how = await reach().stream(pathOf(DeliveryService.method.subscribe), person.token, body, take).ended;
      liveAt = 0;
      if (hasLeft) return;
      ended(how);
      await pause(backoff.next(how === "" ? 0 : retryAfterMs));
    }
  };
  void comeBack();
  return {
    seqs,
    liveAt: () => liveAt,
    leave: () => {
      hasLeft = true;
    },
  };
}
