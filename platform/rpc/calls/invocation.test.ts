import { createContextValues, type MethodImplSpec } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { createServed } from "../served.ts";
import { CallContext } from "./call-context.ts";
import { answersOf } from "./invocation.ts";

const context = () =>
  new CallContext({
    method: Health.method.watch,
    protocolName: "grpc",
    requestMethod: "POST",
    values: createContextValues(),
    request: { url: "", header: new Headers() },
  });

function watching(watch: () => AsyncIterable<object>): Exclude<MethodImplSpec, { kind: "unary" }> {
  const served = createServed();
  served.add(Health, { watch });
  const spec = served.find(Health.method.watch);
  if (spec === undefined || spec.kind === "unary") throw new Error("not a stream");
  return spec;
}

const request = { $typeName: "grpc.health.v1.HealthCheckRequest", service: "" } as const;

async function* requests() {
  yield request;
}

test("the implementation is called when the first answer is asked for, and made messages of what it yields", async () => {
  let isCalled = false;
  async function* watch() {
    isCalled = true;
    yield { status: 1 };
  }
  const answers = answersOf(watching(watch), requests(), context());
  expect(isCalled).toBe(false);
  expect((await answers.next()).value).toMatchObject({ $typeName: "grpc.health.v1.HealthCheckResponse", status: 1 });
  expect((await answers.next()).done).toBe(true);
  expect((await answers.next()).done).toBe(true);
});

test("an implementation that waits in its answer is ended", async () => {
  let isEnded = false;
  async function* watch() {
    try {
      for (;;) yield { status: 1 };
    } finally {
      isEnded = true;
    }
  }
  const answers = answersOf(watching(watch), requests(), context());
  await answers.next();
  await answers.return?.();
  expect(isEnded).toBe(true);
  expect((await answers.next()).done).toBe(true);
});

test("a call that is over before its request came does not begin the implementation", async () => {
  const seen: string[] = [];
  async function* watch() {
    seen.push("begun");
    yield { status: 1 };
  }
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  async function* late() {
    await arrived;
    yield request;
  }
  const answers = answersOf(watching(watch), late(), context());
  const first = answers.next();
  await answers.return?.();
  arrive();
  expect([(await first).done, seen]).toEqual([true, []]);
});

test("a request that never comes is a broken protocol", async () => {
  async function* nothing() {}
  async function* watch() {
    yield { status: 1 };
  }
  await expect(answersOf(watching(watch), nothing(), context()).next()).rejects.toThrow("missing message");
});
