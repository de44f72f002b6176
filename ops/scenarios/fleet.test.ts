import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { conversationId, shardOf, uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { callersOf, type TestUser } from "../../services/testing/callers.ts";
import { freePorts } from "../engines/ports.ts";
import {
  type Env,
  keepCalling,
  makeFleet,
  makeGroup,
  metricsOf,
  person,
  readiness,
  type TestFleet,
  untilMore,
  untilNotReady,
  untilReady,
} from "./fleet-processes.ts";
import type { ServerProcess } from "./server-process.ts";

/** What each process runs: together two of every module. */
const accounts = "auth,user,presence,media";
const chatting = "chat,projector";

describeOnEngines("two processes of every module", ["nats", "cql", "redis"], () => {
  let fleet: TestFleet;
  let auths: ServerProcess[];
  let chats: ServerProcess[];
  let gateways: ServerProcess[];

  beforeAll(async () => {
    fleet = await makeFleet();
    const pair = (targets: string, env: Env = {}) =>
      Promise.all([fleet.start(targets, env), fleet.start(targets, env)]);
    [auths, chats, gateways] = await Promise.all([
      pair(accounts),
      pair(chatting),
      pair("gateway", { PARLEY_STORE: "" }),
    ]);
    await untilReady(...auths, ...chats, ...gateways);
  }, 180_000);
  afterAll(() => fleet.end());

  const gateway = (index: number) => gateways[index] as ServerProcess;
  const at = (index: number, { token }: TestUser) => ({
    auth: callersOf(gateway(index).url).client(AuthService, { token }),
    chat: callersOf(gateway(index).url).client(ChatService, { token }),
    delivery: callersOf(gateway(index).url).client(DeliveryService, { token }),
  });

  test("people sign in, send and listen, each by another gateway", async () => {
    const [ann, ben] = [await person(gateway(0)), await person(gateway(1))];
    const group = await makeGroup(ann, ben);
    const frames = new Frames((signal) => at(1, ben).delivery.subscribe({}, { signal }));
    await frames.find("caughtUp");
    const sent = { clientId: uuidv7(), conversationId: group, content: { text: "hello" } };
    const { seq, after } = await at(0, ann).chat.sendMessage(sent);
    expect((await frames.find("event")).value).toMatchObject({ conversationId: group, seq });
    expect((await at(1, ann).chat.sendMessage(sent)).seq).toBe(seq);
    const { messages } = await at(1, ann).chat.listMessages({ conversationId: group, after });
    expect(messages.at(-1)?.content?.text).toBe("hello");
    await frames.end();
  });

  test("calls go on when one of two processes of a module is killed, and the one that comes back is found", async () => {
    const ann = await person(gateway(0));
    const list = () => at(0, ann).auth.listSessions({});
    for (const index of [0, 1]) {
      await auths[index]?.stop("SIGKILL");
      for (let calls = 0; calls < 20; calls++) await list();
      auths[index] = await fleet.start(accounts);
      await untilReady(gateway(0));
    }
  }, 60_000);

  test("no send fails while one of two chat processes is told to stop", async () => {
    const [ann, ben] = [await person(gateway(0)), await person(gateway(1))];
    const groups = await Promise.all(Array.from({ length: 8 }, () => makeGroup(ann, ben)));
    const sends = new Map<string, number>(groups.map((group) => [group, 0]));
    let turn = 0;
    const calling = keepCalling(8, async () => {
      const conversationId = groups[turn++ % groups.length] ?? "";
      const { chat } = at(turn % 2, ann);
      await chat.sendMessage({ clientId: uuidv7(), conversationId, content: { text: `${turn}` } });
      sends.set(conversationId, (sends.get(conversationId) ?? 0) + 1);
    });
    await untilMore(calling, 50);
    await chats[0]?.stop("SIGTERM");
    await untilMore(calling, 50);
    expect(await calling.stop()).toEqual([]);
    chats[0] = await fleet.start(chatting);
    for (const [conversationId, count] of sends) {
      const last = { clientId: uuidv7(), conversationId, content: { text: "the last" } };
      expect(Number((await at(0, ben).chat.sendMessage(last)).messageCount)).toBe(count + 1);
    }
  }, 60_000);

  test("/readyz names a module that no process runs, and is ready again when one is back", async () => {
    const ann = await person(gateway(0));
    await Promise.all(auths.map((auth) => auth.stop("SIGTERM")));
    await untilNotReady(gateway(0), "no process runs auth");
    await untilNotReady(gateway(1), "no process runs media");
    expect(await readiness(chats[0] as ServerProcess)).toContain("no process runs user");
    auths = [await fleet.start(accounts)];
    await untilReady(...gateways, ...chats);
    await at(0, ann).auth.listSessions({});
  }, 60_000);

  test("processes that share a port serve both", async () => {
    const [port] = await freePorts(1, "127.0.0.1");
    const sharing = {
      PARLEY_LISTEN: `127.0.0.1:${port}`,
      PARLEY_REUSE_PORT: "true",
      PARLEY_PEER_LISTEN: "127.0.0.1:0",
    };
    const both = await Promise.all([fleet.start("gateway", sharing), fleet.start("gateway", sharing)]);
    const [{ url }] = both;
    const starts = new Set<string>();
    await until(async () => {
      const page = await (await fetch(`${url}/metrics`, { headers: { connection: "close" } })).text();
      starts.add(/^process_start_time_seconds (.*)$/m.exec(page)?.[1] ?? "");
      return starts.size === 2 ? "" : "one of them answers all";
    });
    const ann = await person({ url });
    await makeGroup(ann);
    await both[0]?.stop();
    for (let calls = 0; calls < 5; calls++)
      await callersOf(url).client(AuthService, { token: ann.token }).listSessions({});
    await both[1]?.stop();
  }, 60_000);

  test("shards that are added are used once all processes follow them; nobody misses anything meanwhile", async () => {
    const [ann, ben] = [await person(gateway(0)), await person(gateway(1))];
    const frames = new Frames((signal) => at(1, ben).delivery.subscribe({}, { signal }));
    await frames.find("caughtUp");
    const shardsOfNew = async (owner: TestUser) => {
      const ids = await Promise.all(Array.from({ length: 30 }, () => makeGroup(owner, ben)));
      return new Set(ids.map((id) => shardOf(conversationId(id))));
    };
    chats.push(await fleet.start(chatting, { PARLEY_SHARDS: "8" }));
    await untilReady(...chats, ...gateways);
    expect([...(await shardsOfNew(ann))].sort()).toEqual([0, 1, 2, 3]);
    for (let joined = 0; joined < 30; joined++) await frames.find("joined");
    await until(async () => (/^parley_shards_added 4$/m.test(await metricsOf(gateway(0))) ? "" : "not told"));
    await frames.end();
    await Promise.all([...chats, ...auths, ...gateways].map((process) => process.stop()));
    [auths, chats, gateways] = await Promise.all([
      Promise.all([fleet.start(accounts)]),
      Promise.all([fleet.start(chatting)]),
      Promise.all([fleet.start("gateway"), fleet.start("gateway")]),
    ]);
    await untilReady(...auths, ...chats, ...gateways);
    expect((await shardsOfNew(await person(gateway(0)))).size).toBeGreaterThan(4);
  }, 120_000);
});
