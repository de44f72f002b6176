import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { any, type Called, type Group } from "./chat-fleet.ts";

/** Somebody who sends all the time, one message after another, each again with its client id until it is answered. */
export interface Sender {
  /** What was acknowledged: texts, by number. */
  readonly acknowledged: ReadonlyMap<bigint, string>;
  /** The longest time that a message took, from its first try to its acknowledgement. */
  longestMs(): number;
  /** How often a message had to be sent again. */
  repeats(): number;
  /** What was answered otherwise, and is not to be tried again. */
  readonly refused: readonly ConnectError[];
  /** Finishes the message that is being sent. */
  stop(): Promise<void>;
}

const pauseMs = 50;

/** `processes` are those to be asked at the time of the call, one of them by chance. */
export function startSender({ conversationId, as }: Group, processes: () => readonly Called[]): Sender {
  const [acknowledged, refused] = [new Map<bigint, string>(), [] as ConnectError[]];
  let [longestMs, repeats, isStopped] = [0, 0, false];

  async function send(text: string): Promise<void> {
    const request = { clientId: uuidv7(), conversationId, content: { text } };
    const start = performance.now();
    for (;;) {
      try {
        const { seq } = await any(processes()).chat.sendMessage(request, callAs(as, { timeoutMs: 15_000 }));
        longestMs = Math.max(longestMs, performance.now() - start);
        acknowledged.set(seq, text);
        return;
      } catch (error) {
        const failure = ConnectError.from(error);
        if (![Code.Unavailable, Code.DeadlineExceeded].includes(failure.code)) {
          refused.push(failure);
          return;
        }
        repeats++;
        await wait(pauseMs);
      }
    }
  }

  const running = (async () => {
    for (let count = 1; !isStopped; count++) await send(`message ${count}`);
  })();
  return {
    acknowledged,
    refused,
    longestMs: () => longestMs,
    repeats: () => repeats,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** Waits until each has had so many more messages acknowledged. */
export const progress = (senders: readonly Sender[], by: number) => {
  const goals = senders.map((sender) => sender.acknowledged.size + by);
  const isThere = () => senders.every((sender, index) => sender.acknowledged.size >= (goals[index] ?? 0));
  return until(() => (isThere() ? "" : "nothing gets on"), 25_000);
};

/** What was acknowledged is there under its number, once, and nothing else but what nobody acknowledged. */
export async function expectOnce({ chat }: Called, group: Group | undefined, sender: Sender): Promise<void> {
  if (!group) throw new Error("there is no group");
  expect(sender.refused).toEqual([]);
  const { conversationId: id, as } = group;
  const found = new Map<bigint, string>();
  for (let from = 1n, last = 0n; ; from = last + 1n) {
    const { events } = await chat.listEvents({ conversationId: id, fromSeq: from, pageSize: 200 }, callAs(as));
    for (const { seq, body } of events) {
      expect(seq).toBe(last === 0n ? 1n : last + 1n);
      last = seq;
      if (body.case === "messagePosted") found.set(seq, body.value.content?.text ?? "");
    }
    if (events.length === 0) break;
  }
  expect(new Set(found.values()).size).toBe(found.size);
  for (const [seq, text] of sender.acknowledged) expect(found.get(seq)).toBe(text);
}
