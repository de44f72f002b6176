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
  const children = Array.from({ length: count }, () => fork(join(import.meta.dirname, "listeners.ts")));
  const order = (orders: readonly Order[]) =>
    Promise.all(
      children.map(async (child, n): Promise<Report> => {
        const answered = once(child, "message");
        const ended = once(child, "exit").then(() => Promise.reject(new Error("a process of listeners ended")));
        child.send(orders[n] ?? { kind: "report" });
        const [report]: Report[] = await Promise.race([answered, ended]);
        child.removeAllListeners("exit");
        if (!report) throw new Error("a process of listeners reports nothing");
        return report;
      }),
    );
  return {
    order,
    report: () => order([]),
    async stop() {
      const ended = children.map((child) => once(child, "exit"));
      for (const child of children) child.disconnect();
      await Promise.all(ended);
    },
  };
}
