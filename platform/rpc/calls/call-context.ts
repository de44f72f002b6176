import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ContextValues,
  createContextKey,
  type HandlerContext,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import type { Metadata } from "../protocols/wire.ts";

export interface CallStart {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly values: ContextValues;
  /** How long the caller waits; absent: for ever. */
  readonly timeoutMs?: number | undefined;
  readonly request: CallRequest;
}

/** What of a request is made only where somebody asks. */
export interface CallRequest {
  readonly url: string;
  readonly header: Headers;
  /** One of them by itself, where that costs less. */
  readonly headerOf?: (name: string) => string | undefined;
}

/** The call that context values belong to. */
export const callContextKey = createContextKey<CallContext | undefined>(undefined, { description: "call" });

/**
 * What an implementation knows of a call. Headers, trailers and the signal are made when they are first asked for:
 * most calls need none of them. `finish` or `abort` must be called in the end.
 */
export class CallContext implements HandlerContext {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly values: ContextValues;
  readonly timeoutMs: () => number | undefined;
  /** The call as interceptors are shown it, and its answer as they are: so that it is seen whether they changed them. */
  request: UnaryRequest | StreamRequest | undefined;
  response: UnaryResponse | StreamResponse | undefined;
  readonly #request: CallRequest;
  readonly #deadline: NodeJS.Timeout | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #controller: AbortController | undefined;
  #ending: { readonly reason: unknown } | undefined;
  /** Stops who waits in `untilAborted`. */
  #stopWaiting: ((reason: unknown) => void) | undefined;
  #onOver: (() => void) | undefined;

  constructor(start: CallStart) {
    this.#request = start.request;
    this.method = start.method;
    this.protocolName = start.protocolName;
    this.requestMethod = start.requestMethod;
    this.values = start.values;
    this.values.set(callContextKey, this);
    const { timeoutMs } = start;
    if (timeoutMs === undefined) {
      this.timeoutMs = noTimeout;
      return;
    }
    const endsAt = performance.now() + timeoutMs;
    this.timeoutMs = () => endsAt - performance.now();
    if (timeoutMs <= 0) this.#ending = { reason: platformErrors.DEADLINE() };
    else this.#deadline = setTimeout(() => this.abort(platformErrors.DEADLINE()), timeoutMs).unref();
  }

  get service(): DescService {
    return this.method.parent;
  }

  get url(): string {
    return this.#request.url;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= this.#request.header;
    return this.#requestHeader;
  }

  /** One header of the request; null where it is not there. By itself it is cheap, where all of them are not. */
  headerOf(name: string): string | null {
    if (this.#requestHeader || !this.#request.headerOf) return this.requestHeader.get(name);
    return this.#request.headerOf(name) ?? null;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  set responseTrailer(trailer: Headers) {
    this.#responseTrailer = trailer;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#ending) this.#controller.abort(this.#ending.reason);
    }
    return this.#controller.signal;
  }

  /** What was said beside the messages, if anything was. */
  get metadata(): Metadata {
    return { header: this.#responseHeader, trailer: this.#responseTrailer };
  }

  /** Whether nobody waits for the answer any more. */
  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** Calls the listener once the call is over; at once where it is. A later listener takes its place. */
  onOver(listener: () => void): void {
    if (this.#ending) listener();
    else this.#onOver = listener;
  }

  /** Waits, but not longer than the call lasts: rejects with why it was aborted. One wait at a time. */
  untilAborted<T>(work: PromiseLike<T> | T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ending) reject(this.#ending.reason);
      this.#stopWaiting = reject;
      Promise.resolve(work).then(resolve, reject);
    });
  }

  /** The deadline passed, the client went away, or the server stops. */
  abort(reason: unknown): void {
    if (this.#ending) return;
    this.#end(reason);
    this.#stopWaiting?.(reason);
  }

  /** The call is answered. Who still holds the signal learns that nobody waits any more. */
  finish(): void {
    if (!this.#ending) this.#end(ended);
  }

  #end(reason: unknown): void {
    this.#ending = { reason };
    clearTimeout(this.#deadline);
    this.#controller?.abort(reason);
    this.#onOver?.();
  }
}

function noTimeout(): undefined {
  return undefined;
}

/** One header of a call's request; null where it is not there. */
export function requestHeaderOf(context: HandlerContext, name: string): string | null {
  return context instanceof CallContext ? context.headerOf(name) : context.requestHeader.get(name);
}

/** Made once: an error of its own for each call would cost more than the rest of its end. */
const ended = new DOMException("the call is answered", "AbortError");
