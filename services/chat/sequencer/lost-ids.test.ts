import { expect, test } from "vitest";
import { newConversationId } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { ada, createGroup, nextClientId, phone, post } from "../testing/commands.ts";
import { openFiles, startSequencing } from "../testing/sequencing.ts";
import { windowSize } from "./sent-window.ts";

test("an id below the largest ones is looked up, though some of those were lost with the log", async () => {
  const files = await openFiles();
  const id = newConversationId(0);
  const first = await startSequencing(files);
  await first.submit(createGroup(id, [ada]));
  const [early, ...later] = Array.from({ length: windowSize + 10 }, nextClientId);
  for (const clientId of [early, ...later]) await first.submit(post(id, ada, "hello", { clientId: clientId ?? "" }));
  await until(() => (first.following.behind(0).entries === 0 ? "" : "not stored"));
  await first.stop();
  const params = [id, ada, phone, nextClientId()];
  await files.db.write([{ sql: "INSERT INTO sent_id VALUES (?, ?, ?, ?, 500, 400, 0, x'00')", params }]);
  const next = await startSequencing(files, { incarnation: 2 });
  const again = post(id, ada, "hello", { clientId: early ?? "" });
  expect(await next.submit(again)).toMatchObject({ seq: 2, duplicate: true });
});
