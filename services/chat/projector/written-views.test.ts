import { expect, test } from "vitest";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { conversationRow, membershipRow } from "../testing/rows.ts";
import { WrittenViews } from "./written-views.ts";

const ada = userId("ada");

test("what was written is known, and nothing once it is forgotten", () => {
  const [views, id] = [new WrittenViews(10_000), newConversationId(0)];
  const [conversation, membership] = [conversationRow(id), membershipRow(id, ada)];
  views.wrote({ conversations: [conversation], memberships: [membership] }, 1);
  expect(views.conversation(id)).toEqual(conversation);
  expect(views.membership(id, ada)).toEqual(membership);
  views.clear();
  expect([views.conversation(id), views.membership(id, ada)]).toEqual([undefined, undefined]);
});

test("what was written up to a position holds for what comes after it, and for nothing else", () => {
  const [views, id] = [new WrittenViews(10_000), newConversationId(0)];
  views.wrote({ conversations: [conversationRow(id)], memberships: [] }, 7);
  views.goOnAfter(7);
  expect(views.conversation(id)).toBeDefined();
  views.goOnAfter(8);
  expect(views.conversation(id)).toBeUndefined();
});

test("views are kept within their bytes: those that were used last stay", () => {
  const views = new WrittenViews(10_000);
  const ids = Array.from({ length: 100 }, () => newConversationId(0));
  for (const id of ids) views.wrote({ conversations: [conversationRow(id)], memberships: [membershipRow(id, ada)] }, 1);
  const kept = ids.filter((id) => views.conversation(id));
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept).toEqual(ids.slice(-kept.length));
  expect(ids.filter((id) => views.membership(id, ada)).length).toBeLessThanOrEqual(20);
});

test("a view does not hold the record that its last event came in", () => {
  const [views, id] = [new WrittenViews(10_000), newConversationId(0)];
  const record = new Uint8Array(100_000).fill(7);
  views.wrote({ conversations: [conversationRow(id, { lastEvent: record.subarray(0, 10) })], memberships: [] }, 1);
  expect(views.conversation(id)?.lastEvent.buffer.byteLength).toBe(10);
});
