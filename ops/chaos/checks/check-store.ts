import type { Finding, MessageRow, StoredConversation } from "../evidence.ts";
import { checkRows } from "./check-rows.ts";
import { buriedBytes, type ConversationLog, isSame } from "./conversation-log.ts";

/** The store holds what the log holds, nothing else, and nothing of what was deleted. */
export function checkStore(log: ConversationLog, stored: StoredConversation | undefined): Finding[] {
  const { conversationId: id } = log;
  if (!stored) return [{ promise: "P1", kind: "lost", what: `${id} is not in the store` }];
  return [
    ...checkEvents(log, stored),
    ...checkMessages(log, stored),
    ...checkSent(log, stored),
    ...checkRows(log, stored),
  ];
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

function checkMessages(log: ConversationLog, { messages }: StoredConversation): Finding[] {
  const findings: Finding[] = [];
  const edits = lastEdits(log);
  for (const [seq, logged] of log.bySeq) {
    if (logged.event.body.case !== "messagePosted") continue;
    const at = `store: message ${seq} of ${log.conversationId}`;
    const row = messages.get(seq);
    const isDeleted = log.deleted.has(seq);
    if (!row) findings.push({ promise: "P1", kind: "lost", what: `${at} is missing` });
    else if (row.isDeleted !== isDeleted) {
      findings.push({ promise: "P1", kind: "lost", what: `${at} is ${isDeleted ? "not " : ""}deleted` });
    } else if (isDeleted && (row.edited || isSame(row.posted, logged.bytes))) {
      findings.push({ promise: "P11", kind: "leaked", what: `${at} still says what was deleted` });
    } else if (!isDeleted && !(isSame(row.posted, logged.bytes) && isEdited(row, edits.get(seq)))) {
      findings.push({ promise: "P4", kind: "reordered", what: `${at} is not what the log says` });
    }
  }
  for (const seq of messages.keys()) {
    if (log.bySeq.get(seq)?.event.body.case === "messagePosted") continue;
    const what = `store: message ${seq} of ${log.conversationId} was never posted`;
    findings.push({ promise: "P10", kind: "leaked", what });
  }
  return findings;
}

function isEdited({ edited }: MessageRow, last: Uint8Array | undefined): boolean {
  return edited && last ? isSame(edited, last) : edited === last;
}

/** The last edit of each message. */
function lastEdits({ entries }: ConversationLog): ReadonlyMap<number, Uint8Array> {
  const edits = entries.flatMap(({ event: { body }, bytes }) =>
    body.case === "messageEdited" ? [[Number(body.value.targetSeq), bytes] as const] : [],
  );
  return new Map(edits);
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
