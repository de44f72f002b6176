/** A process that holds thousands of subscriptions and takes note of when messages arrive. Its parent tells it what to do. */
import { pause } from "../load/rates.ts";
import { createArrivals } from "./arrivals.ts";
import { type BareStreams, openBareStreams } from "./bare-streams.ts";
import type { Order, Report } from "./orders.ts";

const attempts = 10;
const retryMs = 1_000;

const connections: BareStreams[] = [];
const arrivals = createArrivals();
let [live, refused, lost, heard] = [0, 0, 0, 0];
const losses = new Map<string, number>();

const hearers = {
  onEvent(nth: number) {
    heard++;
    arrivals.note(nth);
  },
  onLost(why: string) {
    lost++;
    noteLoss(why);
  },
};

function noteLoss(why: string): void {
  losses.set(why, (losses.get(why) ?? 0) + 1);
}

/** As clients do: a stream that is refused is tried again. */
async function subscribe(next: () => Promise<BareStreams>, token: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await (await next()).subscribe(token);
      live++;
      return;
    } catch (error) {
      refused++;
      noteLoss(String(error));
      await pause(retryMs);
    }
  }
  lost++;
}

/** At each server, so many wait to be live at a time, no more. */
async function open(url: string, tokens: readonly string[], perConnection: number, atOnce: number): Promise<void> {
  const waiting = tokens.toReversed();
  let connection: Promise<BareStreams> | undefined;
  let onConnection = 0;
  const next = () => {
    if (!connection || onConnection === perConnection) {
      connection = openBareStreams(url, hearers);
      connection.then(
        (opened) => connections.push(opened),
        () => {},
      );
      onConnection = 0;
    }
    onConnection++;
    return connection;
  };
  const openMore = async () => {
    // Once one is lost, the figures are worth nothing.
    for (let token = waiting.pop(); token !== undefined && lost === 0; token = waiting.pop()) {
      await subscribe(next, token);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, openMore));
}

async function obey(order: Order): Promise<void> {
  if (order.kind !== "open") return;
  const { parts, perConnection, atOnce } = order;
  await Promise.all(parts.map(({ url, tokens }) => open(url, tokens, perConnection, Math.ceil(atOnce / parts.length))));
}

const report = (): Report => ({ live, refused, lost, heard, losses: [...losses], arrivals: arrivals.read() });

process.on("message", (order: Order) => {
  void obey(order).then(() => process.send?.(report()));
});
process.on("disconnect", () => process.exit());
