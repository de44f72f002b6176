import { setImmediate as nextTurn } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import type { PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";

/** How often what waits is sent: together, so that a change shows this much later at most. */
export const sendEveryMs = 200;
/** Devices of one call; the contract allows no more. */
export const maxDevicesPerCall = 500;
/** Devices that wait to be announced. Further ones are left out until there is room. */
const defaultCapacity = 100_000;
const callMs = 5_000;

/** What is yet to be told of devices. Best effort: what fails is not told again. */
export interface Announcements {
  /** Takes the place of what waits for the device. */
  put(device: UserIdentity, status: Status): void;
  /** Sends what waits, as far as it can be sent, and ends. */
  stop(): Promise<void>;
}

/** One call is under way at most: the slower the presence service answers, the more a call tells. */
export function createAnnouncements(
  presence: Client<typeof PresenceService>,
  capacity: number = defaultCapacity,
): Announcements {
  const waiting = new Map<string, { userId: string; deviceId: string; status: Status }>();
  let isStopping = false;
  const sendSome = async () => {
    const devices = takeFirst(waiting, maxDevicesPerCall);
    const asGateway = callAs({ kind: "service", name: "gateway" }, { timeoutMs: callMs });
    await presence.announceDevices({ devices }, asGateway).catch(() => isStopping && waiting.clear());
    await nextTurn();
  };
  const sendAll = async () => {
    // What would not fill another call gathers until the next time.
    for (let least = 1; waiting.size >= least; least = isStopping ? 1 : maxDevicesPerCall) await sendSome();
  };
  let sending: Promise<void> | undefined;
  const send = () => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const timer = setInterval(send, sendEveryMs).unref();
  return {
    put({ userId, deviceId }, status) {
      const key = `${userId} ${deviceId}`;
      if (waiting.has(key) || waiting.size < capacity) waiting.set(key, { userId, deviceId, status });
    },
    async stop() {
      clearInterval(timer);
      isStopping = true;
      await send();
    },
  };
}

function takeFirst<Value>(waiting: Map<string, Value>, count: number): Value[] {
  const taken: Value[] = [];
  for (const [key, value] of waiting) {
    if (taken.length === count) break;
    waiting.delete(key);
    taken.push(value);
  }
  return taken;
}
