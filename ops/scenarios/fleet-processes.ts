import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { createEndings } from "#platform/runtime/endings.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { callersOf, type TestUser } from "../../services/testing/callers.ts";
import { engineSettings } from "../../services/testing/shared-engines.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

export type Env = Readonly<Record<string, string>>;

/** An installation on engines that the whole run shares, as processes that a test starts and ends. */
export interface TestFleet {
  /** Settings of every process. */
  readonly env: Env & { readonly PARLEY_DATA: string };
  /** Starts a process of some modules; it ends with the fleet. */
  start(targets: string, env?: Env): Promise<ServerProcess>;
  /** Ends all processes, and removes the data. */
  end(): Promise<void>;
}

export async function makeFleet(more: Env = {}): Promise<TestFleet> {
  const endings = createEndings();
  const dataDir = mkdtempSync(join(tmpdir(), "parley-fleet-"));
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const own = { PARLEY_DATA: dataDir, PARLEY_SHARDS: "4", ...more };
  const env = { ...own, ...(await engineSettings(own, endings)) };
  return {
    env,
    async start(targets, given = {}) {
      const process = await startServerProcess(dataDir, { ...env, PARLEY_TARGETS: targets, ...given });
      endings.push(() => process.stop());
      return process;
    },
    end: endings.run,
  };
}

/** What `/readyz` says. */
export async function readiness({ url }: Pick<ServerProcess, "url">): Promise<string> {
  return (await (await fetch(`${url}/readyz`)).text()).trim();
}

export async function untilReady(...processes: readonly Pick<ServerProcess, "url">[]): Promise<void> {
  await until(async () => {
    const all = await Promise.all(processes.map(readiness));
    return all.filter((text) => text !== "ready").join("; ");
  }, 30_000);
}

/** Waits until `/readyz` says it, in answers of 503. */
export async function untilNotReady({ url }: Pick<ServerProcess, "url">, sentence: string | RegExp): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${url}/readyz`);
    const text = (await answer.text()).trim();
    const isSaid = typeof sentence === "string" ? text.includes(sentence) : sentence.test(text);
    return answer.status === 503 && isSaid ? "" : `/readyz says ${answer.status} ${text}`;
  }, 30_000);
}

export async function metricsOf({ url }: Pick<ServerProcess, "url">): Promise<string> {
  return await (await fetch(`${url}/metrics`)).text();
}

/** A new account, made by way of a process. */
export function person({ url }: Pick<ServerProcess, "url">): Promise<TestUser> {
  return callersOf(url).registerUser(`p${uuidv7().replaceAll("-", "").slice(-20)}`);
}

export async function makeGroup(owner: TestUser, ...others: readonly TestUser[]): Promise<string> {
  const { conversation } = await owner.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: others.map(({ userId }) => userId),
  });
  return conversation?.conversationId ?? "";
}

/** Calls that are made without a pause while something happens. */
export interface Calling {
  /** Makes no further ones. Resolves with what failed, once all are answered. */
  stop(): Promise<unknown[]>;
  /** How many have succeeded. */
  succeeded(): number;
}

/** `call` by so many callers at once, each one call after the other. */
export function keepCalling(callers: number, call: () => Promise<unknown>): Calling {
  const failures: unknown[] = [];
  let [isOver, succeeded] = [false, 0];
  const loop = async () => {
    while (!isOver) {
      try {
        await call();
        succeeded++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const loops = Array.from({ length: callers }, loop);
  return {
    succeeded: () => succeeded,
    async stop() {
      isOver = true;
      await Promise.all(loops);
      return failures;
    },
  };
}

/** Waits until so many more calls have succeeded. */
export async function untilMore(calling: Calling, count: number): Promise<void> {
  const enough = calling.succeeded() + count;
  await until(() => (calling.succeeded() >= enough ? "" : `${calling.succeeded()} of ${enough} calls`), 20_000);
}
