import { expect, test } from "vitest";
import { batchSummary, summaryOf } from "./statements.ts";

test.each([
  ["SELECT seq, event FROM event WHERE conversation_id = ? AND seq > ?", "SELECT event"],
  ["select count(*) from message", "SELECT message"],
  ["INSERT INTO mark (user_id) VALUES (?) ON CONFLICT (user_id) DO UPDATE SET seq = 1", "INSERT mark"],
  ["\n  UPDATE membership USING TIMESTAMP ? SET role = ?", "UPDATE membership"],
  ["UPDATE head SET seq = (SELECT max(seq) FROM event)", "UPDATE head"],
  ["DELETE FROM session WHERE id = ? IF EXISTS", "DELETE session"],
  ["DELETE note FROM draft WHERE id = ?", "DELETE draft"],
])("%j is told as %s", (statement, told) => {
  const { operation, collection } = summaryOf(statement);
  expect(`${operation} ${collection}`).toBe(told);
});

test("of several, the table is told where it is one", () => {
  const [insert, update, other] = ["INSERT INTO a (b) VALUES (1)", "UPDATE a SET b = 1", "UPDATE c SET b = 1"] as const;
  expect(batchSummary([insert])).toEqual({ operation: "INSERT", collection: "a" });
  expect(batchSummary([insert, update])).toEqual({ operation: "BATCH", collection: "a" });
  expect(batchSummary([insert, other])).toEqual({ operation: "BATCH", collection: undefined });
});
