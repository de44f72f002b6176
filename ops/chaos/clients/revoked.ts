import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { Finding } from "../evidence.ts";
import { Listener } from "./listener.ts";
import { logIn, logOut, type Person } from "./town.ts";
import { bearer, type Ways } from "./ways.ts";

/** Somebody whose session ends in the middle of everything. */
export interface Revoked {
  revoke(): void;
  /** What the session could still do when it should have been over. */
  findings(): Promise<Finding[]>;
}

/** What a promise of seconds may take on a busy machine. */
const graceMs = 2_000;
const boundMs = 5_000;
/** Where nobody can be asked whether a session has ended. */
const hiddenBoundMs = 30_000;
const tryMs = 200;
/** A session that can't be ended for so long says nothing. */
const patienceMs = 120_000;

/** `isHidden`: sessions can't be asked about for a while. */
export async function watchRevoked(ways: Ways, person: Person | undefined, isHidden: boolean): Promise<Revoked> {
  if (!person) throw new RangeError("there is nobody");
  const device = await logIn(ways, person.handle);
  const listener = new Listener({ name: `${person.handle}, revoked`, kind: "live", device, ways, way: 0 });
  await listener.caughtUp();
  const bound = (isHidden ? hiddenBoundMs : boundMs) + graceMs;
  const revoke = async (): Promise<number> => {
    const endMs = performance.now() + patienceMs;
    for (let way = 0; performance.now() < endMs; way++) {
      try {
        await logOut(ways, way, device);
        return performance.now();
      } catch {
        await wait(tryMs);
      }
    }
    return Number.NaN;
  };
  let revoking: Promise<number> | undefined;
  return {
    revoke() {
      revoking ??= revoke();
    },
    async findings() {
      const revokedMs = await (revoking ?? revoke());
      if (Number.isNaN(revokedMs)) {
        await listener.stop();
        return [];
      }
      await wait(Math.max(0, revokedMs + bound - performance.now()), undefined);
      const isStillTold = listener.isTold;
      await listener.stop();
      const findings: Finding[] = [];
      const note = (what: string) =>
        findings.push({ promise: "P11", kind: "leaked", what: `${what} ${bound} ms after its session was revoked` });
      if (isStillTold) note(`${person.handle} had a stream`);
      for (const events of listener.model.events.values()) {
        for (const { event, atMs } of events.values()) {
          if (atMs > revokedMs + bound) note(`${person.handle} was given ${event.conversationId} at ${event.seq}`);
        }
      }
      for (let way = 0; way < ways.count; way++) {
        const call = ways.client(ChatService, way).listConversations({}, bearer(device.token, { timeoutMs: boundMs }));
        const isAnswered = await call.then(() => true).catch(() => false);
        if (isAnswered) note(`${person.handle} could list conversations at gateway ${way + 1}`);
      }
      return findings;
    },
  };
}
