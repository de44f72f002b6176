import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ChatErrorReason, ChatErrorSchema, ChatService } from "../contract.ts";
import { isReason } from "../errors.ts";
import { afterInterceptor, createAfterMemory } from "./after.ts";
import { clientIdInterceptor } from "./client-id.ts";
import { maxTries, retryInterceptor } from "./retry.ts";
import { traceContextInterceptor } from "./trace-context.ts";

const [bridge, engine] = ["AAECAwQFBgcICQoLDA0ODxAR", "AAECAwQFBgcICQoLDA0ODxAS"];

describe("reads after changes", () => {
  const reads: string[] = [];
  let acknowledged = 0;
  const record = ({ after }: { after: string }) => {
    reads.push(after);
    return {};
  };
  const transport = createRouterTransport(
    (router) =>
      router.service(ChatService, {
        sendMessage: () => ({ after: `after ${++acknowledged}` }),
        createConversation: () => ({ conversation: { conversationId: engine }, after: `after ${++acknowledged}` }),
        listMessages: record,
        listConversations: record,
      }),
    { transport: { interceptors: [afterInterceptor(createAfterMemory(2))] } },
  );
  const chat = createClient(ChatService, transport);

  it("carry what the latest change of their conversation returned, or of any where they span all", async () => {
    await chat.listMessages({ conversationId: bridge });
    await chat.sendMessage({ conversationId: bridge });
    await chat.sendMessage({ conversationId: bridge });
    await chat.createConversation({});
    await chat.listMessages({ conversationId: bridge });
    await chat.listMessages({ conversationId: engine });
    await chat.listConversations({});
    await chat.listMessages({ conversationId: bridge, after: "the caller's own" });
    expect(reads).toEqual(["", "after 2", "after 3", "after 3", "the caller's own"]);
  });

  it("go without once the server no longer knows the token", async () => {
    const seen: string[] = [];
    const forgetful = createRouterTransport(
      (router) =>
        router.service(ChatService, {
          sendMessage: () => ({ after: "of another server" }),
          listMessages({ after }) {
            seen.push(after);
            if (after !== "") throw refusal(ChatErrorReason.INVALID_TOKEN, false);
            return {};
          },
        }),
      { transport: { interceptors: [afterInterceptor(createAfterMemory())] } },
    );
    const client = createClient(ChatService, forgetful);
    await client.sendMessage({ conversationId: bridge });
    await client.listMessages({ conversationId: bridge });
    await client.listMessages({ conversationId: bridge });
    expect(seen).toEqual(["of another server", "", ""]);
  });

  it("remember a bounded number of conversations", () => {
    const memory = createAfterMemory(2);
    for (const id of ["a", "b", "a", "c"]) memory.remember(id, `after ${id}`);
    expect(["a", "b", "c", undefined].map(memory.recall)).toEqual(["after a", undefined, "after c", "after c"]);
    memory.forget();
    expect(["a", undefined].map(memory.recall)).toEqual([undefined, undefined]);
  });
});

describe("calls that the server refuses for now", () => {
  const serve = (answers: (() => void)[]) => {
    const ids: string[] = [];
    let made = 0;
    const transport = createRouterTransport(
      (router) =>
        router.service(ChatService, {
          sendMessage(request) {
            ids.push(request.clientId);
            answers[ids.length - 1]?.();
            return {};
          },
        }),
      { transport: { interceptors: [clientIdInterceptor(() => `id ${++made}`), retryInterceptor()] } },
    );
    return { chat: createClient(ChatService, transport), ids };
  };
  const refuse = (reason: ChatErrorReason, retryable: boolean) => () => {
    throw refusal(reason, retryable);
  };

  it("are repeated with the same client id", async () => {
    const { chat, ids } = serve([refuse(ChatErrorReason.NOT_YET, true), refuse(ChatErrorReason.NOT_OWNER, true)]);
    await chat.sendMessage({});
    expect(ids).toEqual(["id 1", "id 1", "id 1"]);
  });

  it("are given up after a few tries, and at once where there is no point", async () => {
    const busy = serve(Array.from({ length: 20 }, () => refuse(ChatErrorReason.NOT_YET, true)));
    const error = await busy.chat.sendMessage({}).catch((failure) => failure);
    expect(isReason(error, "chat", "NOT_YET")).toBe(true);
    expect(busy.ids).toHaveLength(maxTries);
    const final = serve([refuse(ChatErrorReason.SHARD_STOPPED, false)]);
    await expect(final.chat.sendMessage({})).rejects.toThrow("refused");
    expect(final.ids).toHaveLength(1);
  });
});

function refusal(reason: ChatErrorReason, retryable: boolean): ConnectError {
  const details = [{ desc: ChatErrorSchema, value: { reason, retryable } }];
  return new ConnectError("refused", Code.Unavailable, undefined, details);
}

it("each call says the trace that it is part of then", async () => {
  const heard: (string | null)[] = [];
  const said = ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""];
  const transport = createRouterTransport(
    (router) =>
      router.service(ChatService, {
        listMessages(_, { requestHeader }) {
          heard.push(requestHeader.get("traceparent"));
          return {};
        },
      }),
    {
      transport: {
        interceptors: [
          traceContextInterceptor(() => {
            const traceparent = said.shift();
            return traceparent ? { traceparent } : {};
          }),
        ],
      },
    },
  );
  const chat = createClient(ChatService, transport);
  await chat.listMessages({ conversationId: bridge });
  await chat.listMessages({ conversationId: bridge });
  expect(heard).toEqual(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null]);
});
