import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Order, Report } from "./orders.ts";

/** Processes that hold subscriptions. */
export interface ListenerProcesses {
  /** Gives each process its order, one each; resolves with what they report when all are done. */
  order(orders: readonly Order[]): Promise<Report[]>;
  report(): Promise<Report[]>;
  stop(): Promise<void>;
}

export function startListeners(count: number): ListenerProcesses {
  const children = Array.from({ length: count }, startChild);
  const order = (orders: readonly Order[]) =>
    Promise.all(children.map((child, n) => child.obey(orders[n] ?? { kind: "report" })));
  return {
    order,
    report: () => order([]),
    async stop() {
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

function startChild() {
  const child = fork(join(import.meta.dirname, "listeners.ts"));
  const ended = once(child, "exit");
  let answer: ReturnType<typeof Promise.withResolvers<Report>> | undefined;
  child.on("message", (report: Report) => answer?.resolve(report));
  child.once("exit", () => answer?.reject(new Error("a process of listeners ended")));
  return {
    /** One order at a time. */
    obey(order: Order): Promise<Report> {
      answer = Promise.withResolvers();
      child.send(order);
      return answer.promise;
    },
    async stop(): Promise<void> {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
