import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Talk } from "../../../gateway/testing/frames.ts";
import { until } from "../../../platform/testing/until.ts";
import { type Stack, startStack } from "../../../services/testing/stack.ts";
import { createClientIds } from "../client-ids.ts";
import {
  AuthService,
  CloseReason,
  ConnectRequestSchema,
  ContentSchema,
  DeliveryService,
  SendMessageRequestSchema,
  SubscribeRequestSchema,
} from "../contract.ts";
import { isReason, isUnreachable } from "../errors.ts";
import type { Parley } from "../parley.ts";
import { newPerson } from "../testing/devices.ts";
import { createInbox } from "./inbox.ts";
import { openSocket } from "./open-socket.ts";
import { connectByWebSocket } from "./transport-websocket.ts";

const nextId = createClientIds();
const open = (token = "") => ({ case: "open", value: create(SubscribeRequestSchema, { token }) }) as const;

function send(conversationId: string, text: string, clientId = nextId()) {
  const content = create(ContentSchema, { text });
  return { case: "send", value: create(SendMessageRequestSchema, { clientId, conversationId, content }) } as const;
}

async function direct(from: Parley, to: Parley): Promise<string> {
  return (await from.conversations.direct(to.session?.userId ?? "")).conversationId;
}

describe("streams over WebSocket", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());
  const person = () => newPerson(stack.url, { connect: connectByWebSocket });

  it("tell what happens", async () => {
    const [reader, writer] = [await person(), await person()];
    const conversationId = await direct(writer, reader);
    for await (const event of reader.sync()) {
      if (event.type === "state" && event.state === "live") await writer.send(conversationId, { text: "hello" });
      if (event.type !== "message") continue;
      expect(event.content.text).toBe("hello");
      break;
    }
  });

  it("take what the client says while they are open, and go on from a token", async () => {
    const [ann, ben] = [await person(), await person()];
    const conversationId = await direct(ann, ben);
    const talk = new Talk(ann.services.delivery);
    talk.say(open());
    const { value: start } = await talk.frames.find("caughtUp");
    const clientIds = Array.from({ length: 50 }, () => nextId());
    for (const clientId of clientIds) talk.say(send(conversationId, clientId, clientId));
    for (const clientId of clientIds) expect((await talk.frames.find("sent")).value.clientId).toBe(clientId);
    await talk.frames.end();
    const later = new Talk(ann.services.delivery);
    later.say(open(start.token));
    for (const clientId of clientIds) {
      const { body } = (await later.frames.find("event")).value;
      expect(body.case === "messagePosted" && body.value.content?.text).toBe(clientId);
    }
    await later.frames.end();
  });

  it("fail with the types of the server", async () => {
    const ann = await person();
    const talk = new Talk(ann.services.delivery);
    talk.say(send("", "too early"));
    const failure = await talk.frames.next().catch((error: unknown) => error);
    expect(isReason(failure, "chat", "NOT_OPENED")).toBe(true);
  });

  it("end with the client", async () => {
    const ann = await person();
    const talk = new Talk(ann.services.delivery);
    talk.say(open());
    await talk.frames.find("caughtUp");
    await ann.close();
    await expect(talk.frames.find("closed")).rejects.toThrow("the connection closed");
  });

  it("are given up where the reader falls far behind, after what came before", async () => {
    const { token } = await stack.registerUser("reader");
    const url = `${stack.url}/parley.chat.v1.DeliveryService/Connect`;
    const socket = await openSocket(url, new AbortController().signal);
    const inbox = createInbox(socket, 0);
    socket.send(JSON.stringify({ authorization: `Bearer ${token}` }));
    socket.send(encodeEnvelope(0, toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { command: open() }))));
    expect(await inbox.next()).toBeInstanceOf(Uint8Array);
    expect(await inbox.next().catch(codeOf)).toBe(Code.ResourceExhausted);
  });

  it("outlive their access token, and end with their session", async () => {
    const brief = await startStack({ PARLEY_ACCESS_TTL_SECONDS: "1" });
    try {
      const [eve, ben] = [await brief.registerUser("eve"), await newPerson(brief.url)];
      const { conversationId } = await ben.conversations.direct(eve.userId);
      const authorize: Interceptor = (next) => (request) => {
        request.header.set("authorization", `Bearer ${eve.token}`);
        return next(request);
      };
      const talk = new Talk(createClient(DeliveryService, connectByWebSocket(brief.url, [authorize]).transport));
      talk.say(open());
      await talk.frames.find("caughtUp");
      const auth = eve.client(AuthService);
      await until(() =>
        auth.getAccount({}).then(
          () => "the token is still good",
          () => "",
        ),
      );
      await ben.send(conversationId, { text: "still there?" });
      await talk.frames.find("event");
      const { refreshToken, sessionId } = eve.session;
      const { session } = await auth.refreshSession({ clientId: nextId(), refreshToken });
      const headers = { authorization: `Bearer ${session?.accessToken}` };
      await brief.client(AuthService).revokeSession({ clientId: nextId(), sessionId }, { headers });
      expect((await talk.frames.find("closed")).value.reason).toBe(CloseReason.SESSION_ENDED);
    } finally {
      await brief.stop();
    }
  });

  it("close their WebSocket when the reader leaves", async () => {
    const quiet = await startStack();
    try {
      const ann = await newPerson(quiet.url, { connect: connectByWebSocket });
      const are = async (count: number) => {
        const page = await quiet.boot.metrics.metrics();
        return page.includes(`parley_websockets ${count}\n`) ? "" : page;
      };
      for await (const event of ann.sync()) {
        if (event.type !== "state" || event.state !== "live") continue;
        await until(() => are(1));
        break;
      }
      await until(() => are(0));
    } finally {
      await quiet.stop();
    }
  });

  it("can't be opened where no server is", async () => {
    const { transport } = connectByWebSocket("http://127.0.0.1:1", []);
    const talk = new Talk(createClient(DeliveryService, transport));
    await expect(talk.frames.next()).rejects.toSatisfy(isUnreachable);
  });
});

function codeOf(error: unknown): Code {
  return ConnectError.from(error).code;
}
