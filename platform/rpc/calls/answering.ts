import { identityKey } from "../identity.ts";
import type { ReadLimits, Wire } from "../protocols/wire.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { CallContext } from "./call-context.ts";
import type { Message, StreamCall, UnaryCall } from "./chain.ts";
import type { Route } from "./route.ts";
import { sinkKey } from "./sink.ts";
import { StreamSink } from "./stream-sink.ts";

/** How long the one message of a unary or server-streaming call may take to arrive. */
export const bodyTimeoutMs = 30_000;

export interface Limits {
  readonly maxMessageBytes: number;
  readonly budget: BodyBudget;
}

export async function answerUnary(
  route: Route,
  call: UnaryCall,
  wire: Wire,
  context: CallContext,
  limits: Limits,
): Promise<void> {
  const request = await context.untilAborted(wire.readOne(readLimits(context, limits)));
  const message = await context.untilAborted(call(context, route.decode(wire.codec, request)));
  await wire.answer(route.encode(wire.codec, message), context.metadata);
}

export async function answerStream(
  route: Route,
  call: StreamCall,
  wire: Wire,
  context: CallContext,
  limits: Limits,
): Promise<void> {
  const answers = await openAnswers(route, call, wire, context, limits);
  try {
    for (;;) {
      const step = await context.untilAborted(answers.next());
      if (step.done) break;
      await context.untilAborted(wire.send(route.encode(wire.codec, step.value), context.metadata));
    }
  } catch (error) {
    // Not waited for: what it awaits may never come.
    answers.return?.().catch(() => undefined);
    throw error;
  }
  wire.end(context.metadata);
}

/** On its own, so that a stream that waits for days holds nothing of how it was opened. */
async function openAnswers(
  route: Route,
  call: StreamCall,
  wire: Wire,
  context: CallContext,
  limits: Limits,
): Promise<AsyncIterator<Message>> {
  context.values.set(sinkKey, new StreamSink(wire, context));
  const requests = requestsOf(route, wire, readLimits(context, limits));
  const messages = await context.untilAborted(call(context, requests));
  return messages[Symbol.asyncIterator]();
}

async function* requestsOf(route: Route, wire: Wire, limits: ReadLimits): AsyncGenerator<Message> {
  const { methodKind } = route.method;
  if (methodKind === "server_streaming") {
    yield route.decode(wire.codec, await wire.readOne(limits));
    return;
  }
  for await (const request of wire.readEach(limits)) yield route.decode(wire.codec, request);
}

export function readLimits({ values }: CallContext, { maxMessageBytes, budget }: Limits): ReadLimits {
  return { maxMessageBytes, timeoutMs: bodyTimeoutMs, hold: budget.of(values.get(identityKey)) };
}
