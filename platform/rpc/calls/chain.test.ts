import { create, type MessageShape } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext, type Interceptor } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  Health,
  type HealthCheckRequest,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
} from "#gen/grpc/health/v1/health_pb.js";
import { createServed } from "../served.ts";
import { CallContext } from "./call-context.ts";
import { composeStream, composeUnary, type Message } from "./chain.ts";

const begin = () =>
  new CallContext({
    method: Health.method.check,
    protocolName: "grpc",
    requestMethod: "POST",
    values: createContextValues(),
    request: {
      url: "http://localhost/grpc.health.v1.Health/Check",
      header: new Headers({ "x-name": "of the caller" }),
    },
  });

type Check = (request: HealthCheckRequest, context: HandlerContext) => { status: number };
const asked = create(HealthCheckRequestSchema, { service: "asked" });

/** Calls the unary method, which answers with trailers and headers, and a status of 1. */
async function check(interceptors: Interceptor[], seen?: Check) {
  const served = createServed();
  served.add(Health, {
    check(request, context) {
      context.responseHeader.set("x-own", "header");
      context.responseTrailer.set("x-own", "trailer");
      return seen?.(request, context) ?? { status: 1 };
    },
  });
  const spec = served.find(Health.method.check);
  if (spec?.kind !== "unary") throw new Error("not unary");
  const context = begin();
  const message = await composeUnary(spec, interceptors)(context, asked);
  return { context, message };
}

/** Calls the stream, which says what it is asked and ends with a trailer. */
async function watch(interceptors: Interceptor[], requests: AsyncIterable<Message> = once(asked)) {
  const seen: string[] = [];
  const served = createServed();
  served.add(Health, {
    async *watch({ service }, { responseHeader, responseTrailer }) {
      seen.push(service);
      responseHeader.set("x-own", "header");
      yield { status: 1 };
      yield { status: 2 };
      responseTrailer.set("x-own", "trailer");
    },
  });
  const spec = served.find(Health.method.watch);
  if (spec === undefined || spec.kind === "unary") throw new Error("not a stream");
  const context = begin();
  const statuses: unknown[] = [];
  for await (const message of await composeStream(spec, interceptors)(context, requests)) {
    statuses.push((message as MessageShape<typeof HealthCheckResponseSchema>).status);
  }
  return { context, statuses, seen };
}

async function* once<T>(message: T) {
  yield message;
}

test("interceptors run from the first to the last, and back", async () => {
  const heard: string[] = [];
  const named =
    (name: string): Interceptor =>
    (next) =>
    async (request) => {
      heard.push(`${name} in`);
      const response = await next(request);
      heard.push(`${name} out`);
      return response;
    };
  await check([named("outer"), named("inner")]);
  await watch([named("outer")]);
  expect(heard).toEqual(["outer in", "inner in", "inner out", "outer out", "outer in", "outer out"]);
});

test("an interceptor that changes nothing costs neither headers nor signal", async () => {
  const { context } = await check([(next) => (request) => next(request)]);
  expect([...(context.metadata.header ?? [])]).toEqual([["x-own", "header"]]);
  expect(context.request?.contextValues).toBe(context.values);
});

test("the implementation sees what an interceptor made of the request", async () => {
  const { signal } = new AbortController();
  const change: Interceptor = (next) => (request) => {
    if (request.stream) throw new Error("not unary");
    const message = create(HealthCheckRequestSchema, { service: "changed" });
    return next({ ...request, message, header: new Headers({ "x-name": "changed" }), signal });
  };
  const seen: unknown[] = [];
  await check([change], ({ service }, context) => {
    seen.push(service, context.requestHeader.get("x-name"), context.signal === signal, context.url.slice(-5));
    context.responseHeader.set("x-seen", "yes");
    return { status: 1 };
  }).then(({ context }) => seen.push(context.responseHeader.get("x-seen")));
  expect(seen).toEqual(["changed", "changed", true, "Check", "yes"]);
});

test("headers that an interceptor sets on the request are seen", async () => {
  const set: Interceptor = (next) => (request) => {
    request.header.set("x-name", "set");
    return next(request);
  };
  let seen: string | null = "";
  await check([set], (_, { requestHeader }) => {
    seen = requestHeader.get("x-name");
    return { status: 1 };
  });
  expect(seen).toBe("set");
});

test("context values that an interceptor lost are a defect", async () => {
  const lose: Interceptor = (next) => (request) => next({ ...request, contextValues: createContextValues() });
  await expect(check([lose])).rejects.toThrow("lost the context values");
  await expect(watch([lose])).rejects.toThrow("lost the context values");
});

test("what an interceptor answers instead is the answer, with its headers and trailers", async () => {
  const change: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (response.stream)
      return { ...response, header: new Headers({ "x-b": "header" }), trailer: new Headers({ "x-b": "trailer" }) };
    const message = create(HealthCheckResponseSchema, { status: 2 });
    return {
      ...response,
      message,
      header: new Headers({ "x-b": "header" }),
      trailer: new Headers({ "x-b": "trailer" }),
    };
  };
  const { context, message } = await check([change]);
  expect(message).toMatchObject({ status: 2 });
  expect([...context.responseHeader]).toEqual([["x-b", "header"]]);
  expect([...context.responseTrailer]).toEqual([["x-b", "trailer"]]);
});

test("a stream may have other headers and trailers, too", async () => {
  const change: Interceptor = (next) => async (request) => {
    const response = await next(request);
    return Object.assign(
      { ...response },
      { header: new Headers({ "x-b": "header" }), trailer: new Headers({ "x-b": "trailer" }) },
    );
  };
  const { context } = await watch([change]);
  expect([...context.responseHeader]).toEqual([
    ["x-b", "header"],
    ["x-own", "header"],
  ]);
  expect([...context.responseTrailer]).toEqual([
    ["x-b", "trailer"],
    ["x-own", "trailer"],
  ]);
});

test("cookies stay apart", async () => {
  const copy: Interceptor = (next) => async (request) => {
    const header = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    return Object.assign({ ...(await next(request)) }, { header });
  };
  expect((await check([copy])).context.responseHeader.getSetCookie()).toEqual(["a=1", "b=2"]);
});

test("an interceptor may answer without the implementation", async () => {
  const answer: Interceptor = () => async (request) => {
    if (request.stream) throw new Error("not unary");
    const message = create(HealthCheckResponseSchema, { status: 3 });
    const { service, method } = request;
    return {
      stream: false,
      service,
      method: method as typeof Health.method.check,
      message,
      header: new Headers({ "x-b": "1" }),
      trailer: new Headers(),
    };
  };
  let isCalled = false;
  const { context, message } = await check([answer], () => {
    isCalled = true;
    return { status: 1 };
  });
  expect([message, isCalled]).toMatchObject([{ status: 3 }, false]);
  expect([...context.responseHeader]).toEqual([["x-b", "1"]]);
});

test("what an interceptor throws is the failure", async () => {
  const refuse: Interceptor = () => async () => {
    throw new Error("refused");
  };
  const hide: Interceptor = (next) => async (request) =>
    await next(request).catch(() => {
      throw new Error("hidden");
    });
  await expect(check([refuse])).rejects.toThrow("refused");
  await expect(watch([refuse])).rejects.toThrow("refused");
  await expect(check([hide, refuse])).rejects.toThrow("hidden");
});

test("a stream may be wrapped in both directions", async () => {
  const wrap: Interceptor = (next) => async (request) => {
    if (!request.stream) throw new Error("no stream");
    const response = await next({
      ...request,
      message: once(create(HealthCheckRequestSchema, { service: "wrapped" })),
    });
    if (!response.stream) throw new Error("no stream");
    const answers = response.message;
    async function* doubled() {
      for await (const message of answers) {
        yield message;
        yield message;
      }
    }
    return { ...response, message: doubled() };
  };
  const { statuses, seen, context } = await watch([wrap]);
  expect([statuses, seen]).toEqual([[1, 1, 2, 2], ["wrapped"]]);
  expect(context.responseTrailer.get("x-own")).toBe("trailer");
});

test("a stream is not answered by one message, nor one message by a stream", async () => {
  const confuse: Interceptor = (next) => async (request) => {
    const response = await next(request);
    return Object.assign({ ...response }, { stream: !response.stream }) as typeof response;
  };
  await expect(check([confuse])).rejects.toThrow("made a stream of Check");
  await expect(watch([confuse])).rejects.toThrow("made one message of Watch");
});
