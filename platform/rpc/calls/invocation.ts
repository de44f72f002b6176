import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImplSpec } from "@connectrpc/connect";

type Spec = Exclude<MethodImplSpec, { kind: "unary" }>;
type Message = MessageShape<DescMessage>;
type Init = MessageInitShape<DescMessage>;
type Step = IteratorResult<Message, undefined>;

/** The answers of a method that streams. The implementation is called when the first one is asked for. */
export function answersOf(
  spec: Spec,
  requests: AsyncIterable<Message>,
  context: HandlerContext,
): AsyncIterableIterator<Message, undefined, undefined> {
  return new Answers(spec.method.output, () => invoke(spec, requests, context));
}

async function invoke(
  spec: Spec,
  requests: AsyncIterable<Message>,
  context: HandlerContext,
): Promise<AsyncIterator<Init>> {
  if (spec.kind === "client_streaming") return one(await spec.impl(requests, context));
  const answers =
    spec.kind === "bidi_streaming" ? spec.impl(requests, context) : spec.impl(await only(requests), context);
  return answers[Symbol.asyncIterator]();
}

/** No generator: many wait for their next answer for days, and a generator holds all that it could still need. */
class Answers implements AsyncIterableIterator<Message, undefined, undefined> {
  readonly #output: DescMessage;
  #begin: (() => Promise<AsyncIterator<Init>>) | undefined;
  #answers: AsyncIterator<Init> | undefined;
  #isReturned = false;

  constructor(output: DescMessage, begin: () => Promise<AsyncIterator<Init>>) {
    this.#output = output;
    this.#begin = begin;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next(): Promise<Step> {
    if (this.#answers) return this.#answers.next().then(this.#made);
    const begin = this.#begin;
    this.#begin = undefined;
    if (!begin) return Promise.resolve(done);
    return begin().then((answers) => {
      this.#answers = answers;
      return this.#isReturned ? this.return() : answers.next().then(this.#made);
    });
  }

  async return(): Promise<Step> {
    this.#begin = undefined;
    this.#isReturned = true;
    await this.#answers?.return?.();
    return done;
  }

  readonly #made = (step: IteratorResult<Init>): Step =>
    step.done ? done : { done: false, value: create(this.#output, step.value) };
}

const done = { done: true, value: undefined } as const;

async function* one<T>(message: T): AsyncGenerator<T> {
  yield message;
}

async function only<T>(requests: AsyncIterable<T>): Promise<T> {
  for await (const request of requests) return request;
  throw new ConnectError("protocol error: missing message", Code.Unimplemented);
}
