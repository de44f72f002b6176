import { expect, test } from "vitest";
import { newConversationId } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import { ada, nextClientId, post } from "../testing/commands.ts";
import { PendingCommands } from "./pending-commands.ts";

test("a command that is settled twice does not hide the repetition that waits in its place", async () => {
  const [pending, id, clientId] = [new PendingCommands(), newConversationId(0), nextClientId()];
  const command = post(id, ada, "hello", { clientId });
  const first = pending.add(command);
  first.reject(chatErrors.OUTCOME_UNKNOWN());
  await expect(first.outcome).rejects.toThrow();
  const second = pending.add(command);
  first.reject(chatErrors.OUTCOME_UNKNOWN());
  const third = pending.repeated(command);
  second.resolve({ seq: 2, messageCount: 1, timeMs: 0, position: 2, duplicate: false, happened: true });
  expect(await third).toMatchObject({ seq: 2, duplicate: true });
});
