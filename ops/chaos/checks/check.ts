import type { Evidence, Finding } from "../evidence.ts";
import { checkNumbers, checkReplicas } from "./check-log.ts";
import { checkMarks } from "./check-marks.ts";
import { checkOperations } from "./check-operations.ts";
import { checkReading } from "./check-readings.ts";
import { checkStore } from "./check-store.ts";
import { readConversation } from "./conversation-log.ts";

/** All that is wrong with what a round left behind. The first server of the log is the measure for everything else. */
export function check(evidence: Evidence): Finding[] {
  const { conversations, operations, marks, replicas, stored, readings, noticed } = evidence;
  const findings = [...noticed, ...checkReplicas(replicas)];
  const [replica] = replicas;
  if (!replica) return findings;
  for (const conversationId of conversations) {
    const log = readConversation(replica, conversationId);
    findings.push(
      ...checkNumbers(log),
      ...checkOperations(log, operations),
      ...checkStore(log, stored.get(conversationId)),
      ...checkMarks(conversationId, marks, stored.get(conversationId)),
      ...readings.flatMap((reading) => checkReading(log, reading)),
    );
  }
  return findings;
}
