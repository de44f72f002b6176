/** Runs in a browser: does what applications do there, and tells the server that the page is from what came of it. */
import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import {
  AuthService,
  type Connect,
  ConnectRequestSchema,
  ContentSchema,
  connectByFetch,
  connectByWebSocket,
  createClientIds,
  createMemoryStorage,
  createParley,
  DeliveryService,
  type Parley,
  SendMessageRequestSchema,
  SubscribeRequestSchema,
} from "../../../clients/sdk/index.ts";
import type { Task } from "./site.ts";

const { url, isListed } = (await (await fetch("/task")).json()) as Task;
const connect = createConnectTransport({ baseUrl: url });
const grpcWeb = createGrpcWebTransport({ baseUrl: url });

const password = "correct horse battery";
const nextId = createClientIds();
let people = 0;
const newHandle = () => `person${++people}`;

async function arrive(connect: Connect): Promise<Parley> {
  const parley = await createParley({ url, storage: createMemoryStorage(), connect });
  await parley.register({ handle: newHandle(), password });
  return parley;
}

/** What one reads that another writes, with the SDK. */
async function readBy(connect: Connect): Promise<unknown> {
  const [reader, writer] = [await arrive(connect), await arrive(connect)];
  const { conversationId } = await writer.conversations.direct(reader.session?.userId ?? "");
  for await (const event of reader.sync()) {
    if (event.type === "state" && event.state === "live") await writer.send(conversationId, { text: "hello" });
    if (event.type === "message") return event.content.text;
  }
  return undefined;
}

/** What comes of a message that is said on an open stream. */
async function sendOnStream(): Promise<unknown> {
  const [writer, reader] = [await arrive(connectByWebSocket), await arrive(connectByWebSocket)];
  const { conversationId } = await writer.conversations.direct(reader.session?.userId ?? "");
  const live = Promise.withResolvers<void>();
  const [clientId, content] = [nextId(), create(ContentSchema, { text: "hello" })];
  async function* commands() {
    yield create(ConnectRequestSchema, { command: { case: "open", value: create(SubscribeRequestSchema) } });
    await live.promise;
    const value = create(SendMessageRequestSchema, { clientId, conversationId, content });
    yield create(ConnectRequestSchema, { command: { case: "send", value } });
  }
  for await (const { frame } of writer.services.delivery.connect(commands())) {
    if (frame.case === "caughtUp") live.resolve();
    if (frame.case === "sent") return frame.value.clientId === clientId;
  }
  return undefined;
}

async function register(transport: Transport): Promise<{ authorization: string }> {
  const device = { id: crypto.randomUUID() };
  const request = { clientId: nextId(), device, handle: newHandle(), password };
  const { session } = await createClient(AuthService, transport).register(request);
  return { authorization: `Bearer ${session?.accessToken}` };
}

/** A unary call without a token, and one with it. */
async function ownHandle(transport: Transport): Promise<unknown> {
  const headers = await register(transport);
  return (await createClient(AuthService, transport).getAccount({}, { headers })).handle;
}

async function firstFrame(transport: Transport): Promise<unknown> {
  const stream = createClient(DeliveryService, transport).subscribe({}, { headers: await register(transport) });
  for await (const { frame } of stream) return frame.case;
  return undefined;
}

/** What the client of docs/websocket.md is told: the first frame and the end, which it asks for. */
async function toldByHand(accessToken: string): Promise<unknown> {
  const source: string = "/by-hand.js";
  const { openStream } = await import(source);
  return new Promise((resolve) => {
    let first: string | undefined;
    const onFrame = (frame: object) => {
      first ??= Object.keys(frame)[0];
      stream.close();
    };
    const onEnd = (error: { code: string } | undefined, code: number) => resolve({ first, error: error?.code, code });
    const stream = openStream(url, accessToken, { onFrame, onEnd });
  });
}

type Deed = () => Promise<unknown>;

const deeds: Readonly<Record<string, Deed>> = {
  "the SDK over WebSocket": () => readBy(connectByWebSocket),
  "a message on a stream": sendOnStream,
  "the SDK by fetch": () => readBy(connectByFetch),
  "Connect in JSON": () => ownHandle(connect),
  "Connect by GET": () => ownHandle(createConnectTransport({ baseUrl: url, useHttpGet: true })),
  "gRPC-Web": () => ownHandle(grpcWeb),
  "a stream of Connect": () => firstFrame(connect),
  "a stream of gRPC-Web": () => firstFrame(grpcWeb),
  "by hand": async () => toldByHand((await register(connect)).authorization.replace("Bearer ", "")),
  "by hand, with a wrong token": () => toldByHand("wrong"),
};

const misdeeds: Readonly<Record<string, Deed>> = {
  "Connect in JSON": () => ownHandle(connect),
  "gRPC-Web": () => ownHandle(grpcWeb),
  "by hand": () => toldByHand("wrong"),
};

const outcomes: Record<string, unknown> = {};
for (const [name, deed] of Object.entries(isListed ? deeds : misdeeds)) {
  outcomes[name] = await deed().catch(String);
}
await fetch("/outcomes", { method: "POST", body: JSON.stringify(outcomes) });
