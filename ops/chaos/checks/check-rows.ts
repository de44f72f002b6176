import type { Columns, Finding, StoredConversation } from "../evidence.ts";
import type { ConversationLog } from "./conversation-log.ts";
import { foldRows } from "./folded-rows.ts";

/** The rows of a conversation, its members and its deletions say what its log leads to. */
export function checkRows(log: ConversationLog, stored: StoredConversation): Finding[] {
  const { conversation, memberships } = foldRows(log);
  const at = `store: ${log.conversationId}`;
  const findings = checkColumns(at, conversation, stored.conversation);
  for (const [userId, expected] of memberships) {
    findings.push(...checkColumns(`${at}, membership of ${userId}`, expected, stored.memberships.get(userId)));
    const [role, found] = [Number(expected.role), stored.rolesByUser.get(userId)];
    const row = found === undefined ? undefined : { role: found };
    findings.push(...checkColumns(`${at}, as ${userId} finds it`, { role }, row));
  }
  for (const userId of new Set([...stored.memberships.keys(), ...stored.rolesByUser.keys()])) {
    if (!memberships.has(userId)) findings.push(stray(`${at}: ${userId} never was a member`));
  }
  return [...findings, ...checkDeletions(at, log, stored)];
}

function checkColumns(at: string, expected: Columns, row: Columns | undefined): Finding[] {
  if (!row) return [{ promise: "P1", kind: "lost", what: `${at} has no row` }];
  return Object.entries(expected).flatMap(([column, value]) => {
    if (row[column] === value) return [];
    return [
      { promise: "P4", kind: "reordered", what: `${at}: ${column} is ${row[column]}, by the log ${value}` },
    ] as const;
  });
}

function checkDeletions(at: string, { deleted }: ConversationLog, { deletions }: StoredConversation): Finding[] {
  const missing = [...deleted].filter((seq) => !deletions.has(seq));
  const strays = [...deletions].filter((seq) => !deleted.has(seq));
  return [
    ...missing.map((seq): Finding => {
      return { promise: "P1", kind: "lost", what: `${at}: message ${seq} does not count as deleted` };
    }),
    ...strays.map((seq) => stray(`${at}: message ${seq} was never deleted`)),
  ];
}

function stray(what: string): Finding {
  return { promise: "P10", kind: "leaked", what };
}
