import type { Finding, StoredConversation } from "../evidence.ts";
import { buriedBytes, type ConversationLog, isSame } from "./conversation-log.ts";

/** The store holds what the log holds, nothing else, and nothing of what was deleted. */
export function checkStore(log: ConversationLog, stored: StoredConversation | undefined): Finding[] {
  const { conversationId: id } = log;
  if (!stored) return [{ promise: "P1", kind: "lost", what: `${id} is not in the store` }];
  return [...checkEvents(log, stored), ...checkMessages(log, stored), ...checkSent(log, stored)];
}

function checkEvents(log: ConversationLog, stored: StoredConversation): Finding[] {
  const rows = new Map(stored.events.map(({ seq, event }) => [seq, event]));
  const findings: Finding[] = [];
  for (const [seq, logged] of log.bySeq) {
    const row = rows.get(seq);
    const at = `store: ${log.conversationId} at ${seq}`;
    const buried = buriedBytes(log, logged);
    if (!row) findings.push({ promise: "P1", kind: "lost", what: `${at} is missing` });
    else if (buried && isSame(row, logged.bytes)) {
      findings.push({ promise: "P11", kind: "leaked", what: `${at} still says what was deleted` });
    } else if (!isSame(row, buried ?? logged.bytes)) {
      findings.push({ promise: "P4", kind: "reordered", what: `${at} is not what the log says` });
    }
  }
  for (const seq of rows.keys()) {
    if (log.bySeq.has(seq)) continue;
    findings.push({
      promise: "P10",
      kind: "leaked",
      what: `store: ${log.conversationId} at ${seq} was never committed`,
    });
  }
  return findings;
}

function checkMessages(
  { conversationId, bySeq, deleted }: ConversationLog,
  { messages }: StoredConversation,
): Finding[] {
  const posted = [...bySeq].filter(([, { event }]) => event.body.case === "messagePosted").map(([seq]) => seq);
  const findings: Finding[] = [];
  for (const seq of posted) {
    const at = `store: message ${seq} of ${conversationId}`;
    const isDeleted = messages.get(seq);
    if (isDeleted === undefined) findings.push({ promise: "P1", kind: "lost", what: `${at} is missing` });
    else if (isDeleted !== deleted.has(seq)) {
      findings.push({ promise: "P1", kind: "lost", what: `${at} is ${isDeleted ? "" : "not "}deleted` });
    }
  }
  for (const seq of messages.keys()) {
    if (posted.includes(seq)) continue;
    findings.push({
      promise: "P10",
      kind: "leaked",
      what: `store: message ${seq} of ${conversationId} was never posted`,
    });
  }
  return findings;
}

/** A repetition, however late, finds its client id. */
function checkSent(log: ConversationLog, { sent }: StoredConversation): Finding[] {
  const findings: Finding[] = [];
  const rows = new Map(sent.map((row) => [`${row.userId}/${row.deviceId}/${row.clientId}`, row.seq]));
  for (const { event, header } of log.entries) {
    if (!header?.clientId || event.body.case === "conversationCreated") continue;
    const seq = rows.get(`${header.userId}/${header.deviceId}/${header.clientId}`);
    if (seq === Number(event.seq)) continue;
    const what = `store: the client id of ${log.conversationId} at ${event.seq} is kept as ${seq ?? "nothing"}`;
    findings.push({ promise: "P3", kind: "doubled", what });
  }
  return findings;
}
