import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { createRandom } from "../scenarios/crew.ts";
import { check } from "./checks/check.ts";
import { longestStall, type Stall } from "./checks/stalls.ts";
import { createGoverning } from "./clients/governing.ts";
import { Lane } from "./clients/lane.ts";
import { Listener } from "./clients/listener.ts";
import { patiently } from "./clients/patience.ts";
import { watchRevoked } from "./clients/revoked.ts";
import type { Person } from "./clients/town.ts";
import { bearer, type Ways } from "./clients/ways.ts";
import type { AcknowledgedMark, Evidence, Finding, Operation, Outage } from "./evidence.ts";
import type { Fault } from "./faults/fault.ts";
import type { Installation } from "./installation/installation.ts";
import { gather } from "./views/gather.ts";

export interface RoundOptions {
  readonly installation: Installation;
  readonly people: readonly Person[];
  readonly ways: Ways;
  readonly fault: Fault;
  readonly seed: number;
  /** How long a fault lasts that lasts. */
  readonly lastsMs: number;
}

export interface RoundResult {
  readonly fault: string;
  readonly operations: number;
  readonly findings: readonly Finding[];
  readonly stall: Stall;
}

/** What faults that are made of calls act upon. */
export interface Subject {
  readonly ways: Ways;
  readonly people: readonly Person[];
  readonly conversations: readonly string[];
  readonly note: (operation: Operation) => void;
}

const conversationCount = 4;
const warmUpMs = 2_000;
const coolDownMs = 3_000;
/** How long clients try again what is not acknowledged when the load ends. */
const patienceMs = 20_000;
const paceMs = 250;

/** Clients act in conversations of their own while the fault strikes; then all views of these are compared. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { installation, people, ways, fault, seed } = options;
  const noticed: Finding[] = [];
  const operations: Operation[] = [];
  const marks: AcknowledgedMark[] = [];
  const outages: Outage[] = [];
  const below = createRandom(seed);
  const since = await installation.log.ends();
  const listeners = people.flatMap((person, n) => listenersOf(person, n, ways, below));
  try {
    await Promise.all(listeners.map((listener) => listener.caughtUp()));
    const begun = new Map(people.map(({ returning }, n) => [returning, listeners[2 * n + 1]?.model.token ?? ""]));
    const conversations = await foundConversations(ways, people);
    const subject: Subject = { ways, people, conversations, note: (operation) => void operations.push(operation) };
    const notice = (finding: Finding) => void noticed.push(finding);
    const revoked = await watchRevoked(ways, people[1], fault.hidesSessions ?? false);
    const noteMark = (mark: AcknowledgedMark) => void marks.push(mark);
    await underLoad({ ...subject, notice, noteMark, seed }, async () => {
      await wait(warmUpMs);
      revoked.revoke();
      const noteOutage = (outage: Outage) => void outages.push(outage);
      await fault.strike({ ...subject, installation, below, lastsMs: options.lastsMs, noteOutage });
      await wait(coolDownMs);
    });
    noticed.push(...(await revoked.findings()));
    const evidence: Evidence = await gather({
      ...options,
      conversations,
      operations,
      marks,
      outages,
      noticed,
      listeners,
      begun,
      since,
    });
    return {
      fault: fault.name,
      operations: operations.length,
      findings: check(evidence),
      stall: longestStall(evidence),
    };
  } finally {
    await Promise.all(listeners.map((listener) => listener.stop()));
  }
}

/** Two devices of each: one whose streams stay open, and one that comes and goes. */
function listenersOf(person: Person, n: number, ways: Ways, below: (bound: number) => number): Listener[] {
  const { handle, staying, returning } = person;
  return [
    new Listener({ name: `${handle}, staying`, kind: "live", device: staying, ways, way: n }),
    new Listener({
      name: `${handle}, returning`,
      kind: "resumed",
      device: returning,
      ways,
      way: n + 1,
      heldMs: () => 500 + below(2_500),
    }),
  ];
}

async function foundConversations(ways: Ways, people: readonly Person[]): Promise<string[]> {
  const [owner, ...others] = people;
  const memberIds = others.map(({ userId }) => userId);
  const conversations: string[] = [];
  for (let n = 0; n < conversationCount; n++) {
    const request = { clientId: uuidv7(), kind: ConversationKind.GROUP, name: `round ${n}`, memberIds };
    const options = bearer(owner?.writer.token ?? "", { timeoutMs: 15_000 });
    const { conversation } = await patiently((way) =>
      ways.client(ChatService, n + way).createConversation(request, options),
    );
    conversations.push(conversation?.conversationId ?? "");
  }
  return conversations;
}

interface Loading extends Subject {
  readonly notice: (finding: Finding) => void;
  readonly noteMark: (mark: AcknowledgedMark) => void;
  readonly seed: number;
}

/** Everybody but the last acts in each conversation; the first one governs it, of which the last ones are the subject. */
async function underLoad(subject: Loading, act: () => Promise<void>): Promise<void> {
  const { people, conversations, seed } = subject;
  const ending = new AbortController();
  const giveUp = new AbortController();
  const lanes = conversations.flatMap((conversationId, c) =>
    people.slice(0, -1).map((person, p) => {
      const below = createRandom(seed * 1_000 + c * 10 + p);
      const [guest, deputy] = [people.at(-1), people.at(-2)];
      const govern = p === 0 && guest && deputy ? createGoverning({ conversationId, guest, deputy, below }) : undefined;
      const lane = new Lane({ ...subject, person, conversationId, govern, below, giveUp: giveUp.signal, paceMs });
      return lane.run(ending.signal);
    }),
  );
  try {
    await act();
  } finally {
    ending.abort();
    const patience = setTimeout(() => giveUp.abort(), patienceMs);
    await Promise.all(lanes);
    clearTimeout(patience);
  }
}
