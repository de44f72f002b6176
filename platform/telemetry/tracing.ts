/**
 * Tells where the time of a call goes, across processes. Whoever is given none (telemetry is off) does nothing at all
 * in its place: there is no twin that swallows spans.
 *
 * A span belongs to the code that `run` runs, and to all that this code starts and awaits. Work that outlives its cause
 * or serves many (a loop, a cache, a timer) is started by `apart`, or its spans would be told of whoever came first.
 *
 * Where one span leads to another that it does not wait for, or that serves many, the later one carries a link. Links
 * and parents are W3C trace contexts, such as travel in the header of a call and in the private header of an entry.
 */
export interface Tracing {
  /** Begins a span; `end` must be called. One that is not recorded costs little, and says so to those below it. */
  begin(name: string, start?: SpanStart): Span;
  /** The span that the running code belongs to. */
  active(): Span | undefined;
  /** The same where it is recorded: work that matters only as a part of something asks this. */
  recorded(): Span | undefined;
  /** Runs outside of every span. */
  apart<T>(run: () => T): T;
}

export interface SpanStart {
  readonly kind?: SpanKind;
  /** Headers of a call, whose caller may have said its context. Absent: the active span, if there is one. */
  readonly caller?: Readonly<Record<string, string | string[] | undefined>>;
  /** `traceparent` of the span that this one is part of, instead of the active one; empty: of none. */
  readonly parent?: string;
  /** `traceparent` of spans that led to this one. Those that are not recorded are left out. */
  readonly links?: readonly string[];
  readonly attributes?: SpanAttributes;
  /** When it began, in milliseconds since the epoch, if not now. */
  readonly startMs?: number;
}

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** By their names in the semantic conventions, or `parley.…`. Never content, names of people or secrets. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  readonly isRecorded: boolean;
  /** The W3C context, for what is not waited for: the entries of the log carry it. */
  readonly traceparent: string;
  set(attributes: SpanAttributes): void;
  /** Says the context in the headers of a call that is made as a part of this span. */
  writeTo(set: (name: string, value: string) => void): void;
  run<T>(work: () => T): T;
  /** Of one that failed, `error` is its kind: a code, or the name of an error. */
  end(error?: string): void;
}

/** Runs the work as a span of its own, under the active one. */
export async function traced<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await span.run(work);
    span.end();
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.name : "Error");
    throw error;
  }
}
