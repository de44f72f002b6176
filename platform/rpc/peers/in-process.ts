import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { MethodImplSpec, StreamResponse, Transport, UnaryResponse } from "@connectrpc/connect";
import type { CallContext } from "../calls/call-context.ts";
import { answersOf } from "../calls/invocation.ts";
import { platformErrors } from "../errors.ts";
import type { Served } from "../served.ts";
import { type CallTail, forwardAbort, openContext } from "./in-process-context.ts";

/**
 * Reaches services of the same process: the implementation is called with the message itself, nothing is encoded.
 * Identity travels in the context values, deadline and cancellation in the context's signal, errors as they are thrown.
 * Neither side may change a message after it was handed over.
 */
export function createPeerTransport(served: Served): Transport {
  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      ...tail: CallTail<MessageInitShape<I>>
    ): Promise<UnaryResponse<I, O>> {
      const spec = find<I, O>(served, method);
      if (spec.kind !== "unary") throw platformErrors.UNKNOWN_METHOD();
      const [signal, , , input] = tail;
      signal?.throwIfAborted();
      const context = openContext(method, tail);
      const stopForwarding = forwardAbort(signal, context);
      try {
        const output = await context.untilAborted(spec.impl(create(method.input, input), context));
        return new PeerAnswer(method, context, false, create(method.output, output));
      } finally {
        stopForwarding();
        context.finish();
      }
    },

    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>,
      ...tail: CallTail<AsyncIterable<MessageInitShape<I>>>
    ): Promise<StreamResponse<I, O>> {
      const spec = find<I, O>(served, method);
      if (spec.kind === "unary") throw platformErrors.UNKNOWN_METHOD();
      const [signal, , , input] = tail;
      signal?.throwIfAborted();
      const context = openContext(method, tail);
      const answers = answersOf(spec, each(method.input, input), context) as AsyncIterableIterator<MessageShape<O>>;
      const message = untilOver(answers, signal, context);
      return new PeerAnswer(method, context, true, message);
    },
  };
}

/** An answer whose headers and trailers are made where somebody asks for them. */
class PeerAnswer<Method extends DescMethodUnary | DescMethodStreaming, Streams extends boolean, Message> {
  readonly method: Method;
  readonly stream: Streams;
  readonly message: Message;
  readonly #context: CallContext;

  constructor(method: Method, context: CallContext, stream: Streams, message: Message) {
    this.method = method;
    this.stream = stream;
    this.message = message;
    this.#context = context;
  }

  get service() {
    return this.method.parent;
  }

  get header() {
    return this.#context.responseHeader;
  }

  get trailer() {
    return this.#context.responseTrailer;
  }
}

function find<I extends DescMessage, O extends DescMessage>(
  served: Served,
  method: DescMethodUnary<I, O> | DescMethodStreaming<I, O>,
): MethodImplSpec<I, O> {
  const spec = served.find(method);
  if (!spec) throw platformErrors.UNKNOWN_METHOD({ message: `${method.parent.typeName} does not run here` });
  return spec as MethodImplSpec<I, O>;
}

async function* each<Schema extends DescMessage>(
  schema: Schema,
  messages: AsyncIterable<MessageInitShape<Schema>>,
): AsyncGenerator<MessageShape<Schema>> {
  for await (const message of messages) yield create(schema, message);
}

/** The messages of a stream, until it ends or its caller no longer waits, whether or not the implementation heeds it. */
async function* untilOver<Message>(
  answers: AsyncIterator<Message>,
  signal: AbortSignal | undefined,
  context: CallContext,
): AsyncGenerator<Message> {
  const stopForwarding = forwardAbort(signal, context);
  try {
    for (;;) {
      const step = await context.untilAborted(answers.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    stopForwarding();
    context.finish();
    // Not waited for: what it awaits may never come.
    answers.return?.().catch(() => undefined);
  }
}
