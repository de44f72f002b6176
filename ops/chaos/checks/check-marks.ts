import type { AcknowledgedMark, Finding, Marks, StoredConversation } from "../evidence.ts";

const none: Marks = { readSeq: 0, deliveredSeq: 0 };

/** Marks only rise: none is told, or stored, below what was acknowledged before. */
export function checkMarks(
  conversationId: string,
  marks: readonly AcknowledgedMark[],
  stored: StoredConversation | undefined,
): Finding[] {
  const own = marks.filter((mark) => mark.conversationId === conversationId);
  return [...Map.groupBy(own, ({ userId }) => userId)].flatMap(([userId, told]) => {
    const at = `marks of ${userId} in ${conversationId}`;
    const findings: Finding[] = [];
    let least = none;
    for (const mark of told) {
      findings.push(...checkFallen(at, highest(least, { readSeq: mark.askedSeq, deliveredSeq: mark.askedSeq }), mark));
      least = highest(least, mark);
    }
    return [...findings, ...checkFallen(`store: ${at}`, least, stored?.marks.get(userId) ?? none)];
  });
}

function checkFallen(at: string, least: Marks, { readSeq, deliveredSeq }: Marks): Finding[] {
  if (readSeq >= least.readSeq && deliveredSeq >= least.deliveredSeq) return [];
  const what = `${at} are ${readSeq} and ${deliveredSeq} after ${least.readSeq} and ${least.deliveredSeq}`;
  return [{ promise: "P1", kind: "lost", what }];
}

function highest(one: Marks, other: Marks): Marks {
  return {
    readSeq: Math.max(one.readSeq, other.readSeq),
    deliveredSeq: Math.max(one.deliveredSeq, other.deliveredSeq),
  };
}
