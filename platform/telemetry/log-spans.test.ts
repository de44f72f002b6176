import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openTestLog } from "#platform/testing/log.ts";
import { type RecordedSpans, recordSpans } from "#platform/testing/recorded-spans.ts";
import { recordOf } from "#platform/testing/records.ts";
import { traceAppends } from "./log-spans.ts";
import { readTraceparent } from "./traceparent.ts";

let recorded: RecordedSpans;
beforeAll(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.forget());
afterAll(() => recorded.stop());

/** A record of an entry for each context. */
function groupOf(traceparents: readonly string[]) {
  const event = new Uint8Array([1]);
  return recordOf(1, [], { entries: traceparents.map((traceparent) => ({ event, header: { traceparent } })) });
}

/** The context of a command that began a trace. */
function command(name: string): string {
  const span = recorded.tracing.begin(name, { parent: "" });
  span.end();
  return span.traceparent;
}

const spanIdOf = (traceparent: string) => readTraceparent(traceparent)?.spanId;
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

test("a group is a span in the trace of each of its commands; the first does the work and links to all", async () => {
  const log = traceAppends(await openTestLog(), recorded.tracing, "sqlite");
  const commands = [command("one"), command("two"), command("one again")];
  await log.append(0, 0, groupOf(commands));
  const sends = recorded.all().filter(({ name }) => name === "send log");
  expect(sends.map(parentOf)).toEqual(commands.map(spanIdOf));
  const [first, ...others] = sends;
  expect(first?.links.map(({ context }) => context.spanId)).toEqual(commands.map(spanIdOf));
  for (const other of others) {
    expect(other.links.map(({ context }) => context.spanId)).toEqual([first?.spanContext().spanId]);
  }
  expect(first?.attributes).toMatchObject({
    "messaging.system.name": "sqlite",
    "messaging.operation.type": "send",
    "messaging.destination.partition.id": "0",
    "messaging.batch.message_count": 3,
  });
});

test("a group of commands that nobody records is no span", async () => {
  const log = traceAppends(await openTestLog(), recorded.tracing, "sqlite");
  const unrecorded = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  await log.append(0, 0, groupOf([unrecorded, "", "garbage"]));
  expect(recorded.all()).toEqual([]);
  expect(await log.tail(0)).toBe(3);
});

test("an append that fails is told so", async () => {
  const log = traceAppends(await openTestLog(), recorded.tracing, "sqlite");
  await expect(log.append(0, 5, groupOf([command("one")]))).rejects.toThrow(RangeError);
  expect(recorded.named("send log")?.attributes["error.type"]).toBe("RangeError");
});
