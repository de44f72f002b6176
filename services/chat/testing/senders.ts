import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { any, type ChatProcess, type Group } from "./chat-fleet.ts";

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
export function startSender({ conversationId, as }: Group, processes: () => readonly ChatProcess[]): Sender {
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
