import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { acknowledge, attemptMs } from "../clients/attempts.ts";
import { patiently } from "../clients/patience.ts";
import { refreshAll } from "../clients/town.ts";
import { bearer } from "../clients/ways.ts";
import type { Operation } from "../evidence.ts";
import type { ProcessName } from "../installation/processes.ts";
import type { Fault, Scene } from "./fault.ts";

const dayMs = 86_400_000;
const repetitions = 100;
/** More client ids of one device than an owner reads at once, and no more than one call may send. */
const lotSize = 90;
const owners: readonly ProcessName[] = ["chat-1", "chat-2"];
const settleMs = 300;

/**
 * One message, a hundred times at once by the ways of all gateways, and a lot whose ids do not rise; and all of them
 * again, in another order, once every owner was killed, and a day later by everybody's clock: there are more than an
 * owner reads when it takes a conversation, so that the store has to be asked for some of them.
 */
export const duplicates: Fault = {
  name: "duplicates",
  async strike(scene) {
    const { installation, people, ways, lastsMs } = scene;
    const lots: Lot[] = [];
    for (const conversationId of scene.conversations) lots.push(await sendLot(scene, conversationId));
    await wait(lastsMs / 2);
    try {
      for (const name of owners) await installation.process(name).restart();
      for (const process of installation.processes) process.pull({ clockMs: dayMs + 60_000 });
      await wait(settleMs);
      await refreshAll(ways, people);
      for (const { first, others } of lots) {
        await Promise.all(shuffled(scene, others).map((operation) => repeat(scene, operation, ways.count)));
        await repeat(scene, first, repetitions);
      }
      await wait(lastsMs / 2);
    } finally {
      for (const process of installation.processes) process.pull({});
    }
    await wait(settleMs);
    await refreshAll(ways, people);
  },
};

interface Lot {
  /** The smallest client id. */
  readonly first: Operation;
  readonly others: readonly Operation[];
}

async function sendLot(scene: Scene, conversationId: string): Promise<Lot> {
  const first = operationOf(scene, conversationId);
  await repeat(scene, first, repetitions);
  const others = shuffled(
    scene,
    Array.from({ length: lotSize }, () => operationOf(scene, conversationId)),
  );
  const items = others.map(({ clientId, text }) => ({ clientId, content: { text } }));
  const options = bearer(tokenOf(scene), { timeoutMs: 2 * attemptMs });
  const request = { conversationId, items };
  const { results } = await patiently((way) => scene.ways.client(ChatService, way).sendMessages(request, options));
  for (const [n, { outcome }] of results.entries()) {
    const operation = others[n];
    if (operation && outcome.case === "sent") acknowledge(operation, Number(outcome.value.seq));
  }
  return { first, others };
}

function shuffled({ below }: Scene, operations: readonly Operation[]): Operation[] {
  const turns = operations.map((operation) => ({ operation, turn: below(2 ** 31) }));
  return turns.sort((a, b) => a.turn - b.turn).map(({ operation }) => operation);
}

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

function tokenOf({ people }: Scene): string {
  return people[0]?.writer.token ?? "";
}

async function repeat(scene: Scene, operation: Operation, times: number): Promise<void> {
  const { clientId, conversationId, text } = operation;
  const request = { clientId, conversationId, content: { text } };
  const options = bearer(tokenOf(scene), { timeoutMs: 2 * attemptMs });
  const send = async (_: unknown, way: number) => {
    const { seq } = await scene.ways.client(ChatService, way).sendMessage(request, options);
    acknowledge(operation, Number(seq));
  };
  await Promise.allSettled(Array.from({ length: times }, send));
  operation.endedMs = performance.now();
}
