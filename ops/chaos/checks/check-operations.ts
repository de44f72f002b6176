import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import type { Finding, Operation, Verb } from "../evidence.ts";
import type { ConversationLog, Logged } from "./conversation-log.ts";

/** What was acknowledged stands in the log where it was said to, once; what was refused does not; nothing else does. */
export function checkOperations(log: ConversationLog, operations: readonly Operation[]): Finding[] {
  const own = operations.filter(({ conversationId }) => conversationId === log.conversationId);
  const byId = Map.groupBy(log.entries, ({ header }) => keyOf(header?.userId, header?.deviceId, header?.clientId));
  const asked = new Map(own.map((operation) => [keyOfOperation(operation), operation]));
  return [
    ...own.flatMap((operation) => checkOperation(operation, byId.get(keyOfOperation(operation)) ?? [], log)),
    ...log.entries.flatMap((entry) => checkAsked(entry, asked, log)),
    ...checkLanes(own),
  ];
}

function keyOf(...parts: readonly (string | undefined)[]): string {
  return parts.join("/");
}

function keyOfOperation({ userId, deviceId, clientId }: Operation): string {
  return keyOf(userId, deviceId, clientId);
}

/** What is acknowledged with an event of its own whenever it is. */
const alwaysChanging: ReadonlySet<Verb> = new Set(["send", "edit", "rename"]);

function checkOperation(operation: Operation, entries: readonly Logged[], log: ConversationLog): Finding[] {
  const { verb, clientId, conversationId, acknowledged, unknown } = operation;
  const what = `${verb} ${clientId} in ${conversationId}`;
  const findings: Finding[] = [];
  const told = new Set(acknowledged);
  if (entries.length > 1)
    findings.push({ promise: "P3", kind: "doubled", what: `${what} has ${entries.length} effects` });
  if (told.size > 1)
    findings.push({ promise: "P3", kind: "doubled", what: `${what} was told ${[...told].join(", ")}` });
  if (told.size === 0 && !unknown && entries.length > 0) {
    findings.push({ promise: "P13", kind: "leaked", what: `${what} was refused and is in the log` });
  }
  for (const seq of told) {
    const stands = entries.some(({ event }) => Number(event.seq) === seq);
    // A change that is one no more is acknowledged with a number that is not its own.
    if (stands || (!alwaysChanging.has(verb) && entries.length === 0 && log.bySeq.has(seq))) continue;
    findings.push({
      promise: "P1",
      kind: "lost",
      what: `${what} was acknowledged as ${seq} and is not in the log there`,
    });
  }
  return findings;
}

/** An event that a client caused was asked for by its author, with this content. */
function checkAsked({ event, header }: Logged, asked: ReadonlyMap<string, Operation>, log: ConversationLog): Finding[] {
  if (event.body.case === "conversationCreated") return [];
  const operation = asked.get(keyOf(header?.userId, header?.deviceId, header?.clientId));
  const what = `${log.conversationId} at ${event.seq}`;
  if (!operation) return [{ promise: "P2", kind: "leaked", what: `${what} was asked for by nobody` }];
  if (event.authorId === operation.userId && textOf(event) === operation.text) return [];
  return [{ promise: "P2", kind: "leaked", what: `${what} is not what its author asked for` }];
}

function textOf({ body }: Event): string {
  if (body.case === "messagePosted" || body.case === "messageEdited") return body.value.content?.text ?? "";
  if (body.case === "conversationChanged") return body.value.name ?? "";
  return "";
}

/** The messages of a lane stand in the order in which they were sent. */
function checkLanes(operations: readonly Operation[]): Finding[] {
  const sent = operations.filter(({ verb, acknowledged }) => verb === "send" && acknowledged.length > 0);
  return [...Map.groupBy(sent, ({ lane }) => lane)].flatMap(([lane, own]) => {
    const seqs = own.sort((a, b) => a.turn - b.turn).map(({ acknowledged }) => acknowledged[0] ?? 0);
    return seqs.flatMap((seq, n) => {
      const before = seqs[n - 1] ?? 0;
      if (seq > before) return [];
      return [{ promise: "P5", kind: "reordered", what: `${lane}: ${seq} was sent after ${before}` }] as const;
    });
  });
}
