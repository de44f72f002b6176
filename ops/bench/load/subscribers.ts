import { create, toBinary } from "@bufbuild/protobuf";
import { DeliveryService, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { until } from "#platform/testing/until.ts";
import type { Person } from "./people.ts";
import { pathOf, type Wire } from "./wire.ts";

/** First byte of an encoded `Frame` that holds an event, and of one that says "caught up". */
const eventTag = (1 << 3) | 2;
const caughtUpTag = (11 << 3) | 2;

const readyMs = 30_000;

/** Opens a stream for each person and waits until all are live. `onEvent` gets the encoded frames of events. */
export async function subscribe(
  wire: Wire,
  people: readonly Person[],
  onEvent: (person: number, frame: Buffer) => void,
): Promise<void> {
  const body = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema));
  let live = 0;
  let refusal = "";
  for (const [index, { token }] of people.entries()) {
    const stream = wire.stream(pathOf(DeliveryService.method.subscribe), token, body, (frame) => {
      if (frame[0] === eventTag) onEvent(index, frame);
      else if (frame[0] === caughtUpTag) live++;
    });
    stream.ended.then(
      (trailer) => (refusal ||= trailer),
      () => {},
    );
  }
  await until(() => {
    if (refusal) throw new Error(`a stream ended: ${refusal}`);
    return live === people.length ? "" : `${live} of ${people.length} streams are live`;
  }, readyMs);
}
