import { encodeEvent } from "#platform/log/tombstones.ts";
import type { Finding, Reading, Seen } from "../evidence.ts";
import { buriedBytes, type ConversationLog, isSame, isVisible } from "./conversation-log.ts";

/** Every reader was given all that it may see, as the log has it, and nothing else. */
export function checkReading(log: ConversationLog, reading: Reading): Finding[] {
  const seen = reading.events.get(log.conversationId) ?? new Map<number, Seen>();
  const findings: Finding[] = [];
  for (const { from, to } of log.visible.get(reading.userId) ?? []) {
    for (let seq = from; seq <= Math.min(to, log.head); seq++) {
      if (!seen.has(seq))
        findings.push({ promise: "P1", kind: "lost", what: `${placeOf(log, reading, seq)} never came` });
    }
  }
  for (const [seq, { event }] of seen) findings.push(...checkSeen(log, reading, seq, encodeEvent(event)));
  return findings;
}

function checkSeen(log: ConversationLog, reading: Reading, seq: number, bytes: Uint8Array): Finding[] {
  const place = placeOf(log, reading, seq);
  const logged = log.bySeq.get(seq);
  if (!logged) return [{ promise: "P2", kind: "leaked", what: `${place} is not in the log` }];
  if (!isVisible(log, reading.userId, seq)) {
    return [{ promise: "P11", kind: "leaked", what: `${place} is not for this reader` }];
  }
  const buried = buriedBytes(log, logged);
  const isAfterwards = reading.kind === "replayed" || reading.kind === "listed";
  if (buried && isAfterwards && isSame(bytes, logged.bytes)) {
    return [{ promise: "P11", kind: "leaked", what: `${place} still says what was deleted` }];
  }
  if (isSame(bytes, logged.bytes) || isSame(bytes, buried)) return [];
  return [{ promise: "P4", kind: "reordered", what: `${place} is not what the log says` }];
}

function placeOf({ conversationId }: ConversationLog, { name }: Reading, seq: number): string {
  return `${name}: ${conversationId} at ${seq}`;
}
