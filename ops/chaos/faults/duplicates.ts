import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { acknowledge, attemptMs } from "../clients/attempts.ts";
import { refreshAll } from "../clients/town.ts";
import { bearer } from "../clients/ways.ts";
import type { Operation } from "../evidence.ts";
import type { Fault, Scene } from "./fault.ts";

const dayMs = 86_400_000;
const repetitions = 100;
const settleMs = 300;

/** One message, a hundred times at once by the ways of all gateways, and again a day later by everybody's clock. */
export const duplicates: Fault = {
  name: "duplicates",
  async strike(scene) {
    const { installation, people, ways, lastsMs } = scene;
    const operations = scene.conversations.map((conversationId) => operationOf(scene, conversationId));
    for (const operation of operations) await repeat(scene, operation);
    await wait(lastsMs / 2);
    try {
      for (const process of installation.processes) process.pull({ clockMs: dayMs + 60_000 });
      await wait(settleMs);
      await refreshAll(ways, people);
      for (const operation of operations) await repeat(scene, operation);
      await wait(lastsMs / 2);
    } finally {
      for (const process of installation.processes) process.pull({});
    }
    await wait(settleMs);
    await refreshAll(ways, people);
  },
};

/** Messages of somebody who says nothing else meanwhile: its own lanes have other names. */
function operationOf({ people, note }: Scene, conversationId: string): Operation {
  const [person] = people;
  const clientId = uuidv7();
  const operation: Operation = {
    verb: "send",
    userId: person?.userId ?? "",
    deviceId: person?.writer.deviceId ?? "",
    conversationId,
    clientId,
    text: `again ${clientId}`,
    lane: `again ${clientId}`,
    turn: 0,
    begunMs: performance.now(),
    endedMs: Number.POSITIVE_INFINITY,
    acknowledged: [],
    unknown: true,
  };
  note(operation);
  return operation;
}

async function repeat({ people, ways }: Scene, operation: Operation): Promise<void> {
  const { clientId, conversationId, text } = operation;
  const token = people[0]?.writer.token ?? "";
  const request = { clientId, conversationId, content: { text } };
  const send = async (_: unknown, way: number) => {
    const options = bearer(token, { timeoutMs: 2 * attemptMs });
    const { seq } = await ways.client(ChatService, way).sendMessage(request, options);
    acknowledge(operation, Number(seq));
  };
  await Promise.allSettled(Array.from({ length: repetitions }, send));
  operation.endedMs = performance.now();
}
