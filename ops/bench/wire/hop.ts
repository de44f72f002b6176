import { createClient, createRouterTransport } from "@connectrpc/connect";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { Figure } from "../figure.ts";
import { acknowledgement, text } from "../peers/messages.ts";
import { inRounds } from "./rounds.ts";
import { sideBySide } from "./side-by-side.ts";

const calls = 5000;
const rounds = 9;

/** What a call between services of one process costs: one that does nothing, awaited before the next. */
export async function measureHop(): Promise<Figure[]> {
  const served = createServed();
  served.add(ChatService, { sendMessage: acknowledgement });
  const router = createRouterTransport(({ service }) => service(ChatService, { sendMessage: acknowledgement }));
  const ways = [
    { name: "createRouterTransport", client: createClient(ChatService, router) },
    { name: "Parley's peers", client: createClient(ChatService, createPeerTransport(served)) },
  ];
  const options = callAs({ kind: "service", name: "bench" });
  const request = { clientId: uuidv7(), conversationId: "AAECAwQFBgcICQoLDA0ODxAR", content: { text } };
  const measure = async ({ client }: (typeof ways)[number]): Promise<number> => {
    const { user, system } = process.cpuUsage();
    for (let call = 0; call < calls; call++) await client.sendMessage(request, options);
    const spent = process.cpuUsage();
    return (spent.user - user + spent.system - system) / calls;
  };
  await inRounds(ways, 2, measure);
  const samples = await inRounds(ways, rounds, measure);
  const name = "call to a service of the same process, CPU";
  return [sideBySide({ name, unit: "µs", samples, value: (micros) => micros, goal: { atMost: 30 } })];
}
