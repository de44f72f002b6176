import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { Registry } from "prom-client";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { openFollowing } from "#platform/log/following-log.ts";
import { sinkKey } from "#platform/rpc/calls/sink.ts";
import { callAs, identityKey, type UserIdentity } from "#platform/rpc/identity.ts";
import { deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { Boot } from "#platform/runtime/module.ts";
import type { Stack } from "../../services/testing/stack.ts";
import { gatewayModule } from "../module.ts";
import { HerdSink } from "./herd-sink.ts";

/** Many people, each with one signed-in device. */
export async function makePeople(stack: Stack, count: number): Promise<UserIdentity[]> {
  const userIds = await makeUsers(stack, count);
  const people: UserIdentity[] = [];
  const auth = stack.boot.peer(AuthService);
  const signIn = async () => {
    for (let user = userIds.pop(); user !== undefined; user = userIds.pop()) {
      const device = { id: crypto.randomUUID(), name: "" };
      const asked = { clientId: uuidv7(), userId: user, device };
      const { session } = await auth.issueSession(asked, callAs({ kind: "operator" }));
      const ids = { userId: userId(user), deviceId: deviceId(device.id) };
      people.push({ kind: "user", ...ids, sessionId: sessionId(session?.sessionId ?? "") });
    }
  };
  await Promise.all(Array.from({ length: 64 }, signIn));
  return people;
}

async function makeUsers(stack: Stack, count: number): Promise<string[]> {
  const userIds: string[] = [];
  while (userIds.length < count) {
    const accounts = Array.from({ length: Math.min(250, count - userIds.length) }, () => ({
      externalId: crypto.randomUUID(),
      displayName: "somebody",
    }));
    userIds.push(...(await stack.operator(AuthService).createAccounts({ clientId: uuidv7(), accounts })).userIds);
  }
  return userIds;
}

/** A channel of all these, owned by a user who signs in. */
export async function gatherAll(stack: Stack, people: readonly UserIdentity[]) {
  const owner = await stack.registerUser("owner");
  const chat = owner.client(ChatService);
  const { conversation } = await chat.createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.CHANNEL,
    name: "everybody",
    memberIds: [],
  });
  const conversationId = conversation?.conversationId ?? "";
  for (let start = 0; start < people.length; start += 100) {
    const userIds = people.slice(start, start + 100).map((person) => person.userId);
    await chat.addMembers({ clientId: uuidv7(), conversationId, userIds });
  }
  const say = async (count: number) => {
    const items = Array.from({ length: count }, () => ({ clientId: uuidv7(), content: { text: "hello" } }));
    await chat.sendMessages({ conversationId, items });
  };
  return { conversationId, say };
}

/** One more gateway beside the installation, which follows the log itself. */
export interface OtherGateway {
  /** Opens a stream through the public method, for a client that reads all. */
  subscribe(person: UserIdentity, token: string, sink?: HerdSink): HerdSink;
  stop(): Promise<void>;
}

export async function startOtherGateway(boot: Boot, ringBytes?: number): Promise<OtherGateway> {
  const { log } = boot;
  const following = await openFollowing({
    log,
    shards: boot.following.shards,
    logger: boot.logger,
    watermark: async (shard) => boot.following.watermark(shard),
    ...(ringBytes === undefined ? {} : { maxBytes: ringBytes }),
  });
  const served: ServiceImpl<typeof DeliveryService>[] = [];
  const serve = (_service: unknown, implementation: object) => {
    if (servesDelivery(implementation)) served.push(implementation);
  };
  const module = await gatewayModule.start({ ...boot, metrics: new Registry(), following, serve });
  const [delivery] = served;
  if (!delivery) throw new Error("the gateway serves no streams");
  return {
    subscribe(person, token, sink = new HerdSink()) {
      const contextValues = createContextValues().set(identityKey, person).set(sinkKey, sink);
      const context = createHandlerContext({
        service: DeliveryService,
        method: DeliveryService.method.subscribe,
        protocolName: "grpc",
        requestMethod: "POST",
        url: "http://localhost",
        contextValues,
      });
      const request = create(SubscribeRequestSchema, { token });
      const answers = delivery.subscribe(request, context)[Symbol.asyncIterator]();
      answers.next().catch(sink.fail);
      return sink;
    },
    async stop() {
      await module.drain?.();
      await module.stop();
      following.close();
    },
  };
}

function servesDelivery(implementation: object): implementation is ServiceImpl<typeof DeliveryService> {
  return "subscribe" in implementation;
}
