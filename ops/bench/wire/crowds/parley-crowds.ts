import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { gather, makePeople } from "../../load/people.ts";
import { startMeasuredServer } from "../../load/process.ts";
import { subscribe } from "../../load/subscribers.ts";
import { openWire, type Wire } from "../../load/wire.ts";
import { text } from "../../peers/messages.ts";
import type { OpenCrowd } from "./crowd.ts";

/** The real server: each message is acknowledged when it is durable, and projected. */
export const openParleyCrowd: OpenCrowd = async (most, env) => {
  const server = await startMeasuredServer(env);
  const control = openWire(server.url);
  const people = await makePeople(server, control, most);
  const wires: Wire[] = [control];
  let [size, arrived] = [0, 0];
  let conversation: Promise<string> | undefined;
  return {
    name: "Parley",
    server,
    async add(subscribers, perConnection) {
      const wire = openWire(server.url, subscribers / perConnection);
      wires.push(wire);
      await subscribe(wire, people.slice(size, size + subscribers), () => arrived++);
      size += subscribers;
    },
    arrived: () => arrived,
    async publish(messages) {
      conversation ??= gather(control, people);
      await send(control, people[0]?.token ?? "", await conversation, messages);
    },
    async close() {
      for (const wire of wires) wire.close();
      await server.stop();
    },
  };
};

export const publishingAlone = "Parley, publishing to nobody";

/** The same without streams, where every message counts as delivered: what publishing alone costs. */
export const openDeafCrowd: OpenCrowd = async (most, env) => {
  const crowd = await openParleyCrowd(most, env);
  let published = 0;
  return {
    ...crowd,
    name: publishingAlone,
    add: async () => {},
    arrived: () => published * most,
    async publish(messages) {
      await crowd.publish(messages);
      published += messages;
    },
  };
};

async function send(wire: Wire, token: string, conversationId: string, messages: number): Promise<void> {
  const { sendMessage, sendMessages } = ChatService.method;
  const items = Array.from({ length: messages }, () => ({ clientId: uuidv7(), content: { text } }));
  if (messages === 1) await wire.call(sendMessage, token, { conversationId, ...items[0] });
  else await wire.call(sendMessages, token, { conversationId, items });
}
