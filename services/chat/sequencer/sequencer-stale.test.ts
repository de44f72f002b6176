import { beforeEach, describe, expect, test } from "vitest";
import { type ConversationId, newConversationId, userId } from "#platform/runtime/ids.ts";
import type { Fate } from "#platform/testing/holding-event-log.ts";
import { until } from "#platform/testing/until.ts";
import { decideAddMembers, decideRemoveMember } from "../commands/decisions.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, command, createGroup, nextClientId, post } from "../testing/commands.ts";
import { createHandLeases } from "../testing/hand-leases.ts";
import { eventsOf, expectWhole, reasonOf, textsOf } from "../testing/logged-events.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";

const eve = userId("eve");

let files: Files;
let id: ConversationId;

beforeEach(async () => {
  files = await openFiles();
  id = newConversationId(0);
});

/** A process that is shown nothing of the log while `shown.nothing` is set. */
async function startBehind(leases = createHandLeases()) {
  const shown = { nothing: false };
  const log: Files["log"] = {
    ...files.log,
    follow(shard, from, follower, signal) {
      const own = {
        onRecord: (record: Parameters<typeof follower.onRecord>[0]) => shown.nothing || follower.onRecord(record),
        onTail: (tail: number) => shown.nothing || follower.onTail(tail),
      };
      files.log.follow(shard, from, own, signal);
    },
  };
  const process = await startSequencing({ ...files, log }, { leases, owner: "one behind" });
  return { process, shown, leases };
}

const startOther = () => startSequencing(files, { owner: "that process", projecting: false });
const add = (on: Sequencing) => on.submit(command(id, ada, "add", decideAddMembers(ada, [eve]), { users: [ada, eve] }));

describe("an owner that does not know yet that another one took its shard", () => {
  test("does not say that nothing is to be done", async () => {
    const { process, shown } = await startBehind();
    await process.submit(createGroup(id, [ada, bob]));
    shown.nothing = true;
    const other = await startOther();
    await add(other);
    const removing = command(id, ada, "remove", decideRemoveMember(ada, eve), { users: [ada, eve] });
    expect(await reasonOf(process.submit(removing))).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
    expect(await other.submit(removing)).toMatchObject({ happened: true });
  });

  test("refuses nobody by what was true before", async () => {
    const { process, shown } = await startBehind();
    await process.submit(createGroup(id, [ada, bob]));
    shown.nothing = true;
    const other = await startOther();
    await add(other);
    const clientId = nextClientId();
    const sending = () => post(id, eve, "hello", { clientId });
    expect(await reasonOf(process.submit(sending()))).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
    expect(await other.submit(sending())).toMatchObject({ seq: 3, happened: true });
  });
});

test("a shard that is stopped while it is taken over is not written", async () => {
  const { process, shown, leases } = await startBehind();
  await process.submit(createGroup(id, [ada, bob]));
  await leases.take(0);
  shown.nothing = true;
  const other = await startOther();
  await other.submit(post(id, ada, "one"));
  leases.give(0);
  const sending = reasonOf(process.submit(post(id, ada, "two")));
  await other.following.reached(0, other.following.tail(0) + 1, 5_000);
  process.following.stop(0, "damaged");
  expect(await sending).toBe(chatErrors.SHARD_STOPPED.reason);
  expect(textsOf(await expectWhole(files, id))).toEqual(["one"]);
});

test("a shard that is stopped while an outcome is settled keeps nobody waiting", async () => {
  const { process } = await startBehind();
  await process.submit(createGroup(id, [ada, bob]));
  files.log.next(...Array<Fate>(1000).fill("lost"));
  const sending = reasonOf(process.submit(post(id, ada, "one")));
  await until(() => (process.sequencer.notReady() ? "" : "it is not settling"));
  process.following.stop(0, "damaged");
  expect(await sending).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
  expect(await reasonOf(process.submit(post(id, ada, "two")))).toBe(chatErrors.SHARD_STOPPED.reason);
});

test("a process of a life of the log that is past writes no more to it", async () => {
  const { process, leases } = await startBehind();
  await process.submit(createGroup(id, [ada, bob]));
  const later = await startSequencing(files, { owner: "that process", projecting: false, incarnation: 2 });
  await leases.take(0);
  leases.give(0);
  expect(await reasonOf(process.submit(post(id, ada, "late")))).toBe(chatErrors.SHARD_STOPPED.reason);
  expect(later.following.stopped(0)).toBeUndefined();
  expect(await later.submit(post(id, ada, "now"))).toMatchObject({ happened: true });
  expect(textsOf(await eventsOf(files, id))).toEqual(["now"]);
});
