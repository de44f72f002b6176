import { beforeEach, describe, expect, test } from "vitest";
import { AppendUnknown } from "#platform/log/event-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import type { Fate } from "#platform/testing/holding-event-log.ts";
import { until } from "#platform/testing/until.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, createGroup, nextClientId, post } from "../testing/commands.ts";
import { createHandLeases, type HandLeases } from "../testing/hand-leases.ts";
import { expectWhole, reasonOf, textsOf } from "../testing/logged-events.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";

let files: Files;
let leases: HandLeases;
let running: Sequencing;
let id: ConversationId;

const notOwner = chatErrors.NOT_OWNER.reason;
const many = (fate: Fate) => Array<Fate>(1000).fill(fate);

beforeEach(async () => {
  files = await openFiles();
  leases = createHandLeases();
  running = await startSequencing(files, { leases });
  id = newConversationId(0);
  await running.submit(createGroup(id, [ada, bob]));
});

describe("a shard whose lease is lost", () => {
  test("finishes what waits, and refuses what comes", async () => {
    const sent = running.sequencer.submit([post(id, ada, "one"), post(id, bob, "two")]);
    const lost = leases.take(0);
    const late = reasonOf(running.submit(post(id, ada, "three")));
    expect(running.sequencer.holds(0)).toBe(false);
    await lost;
    expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await late).toBe(notOwner);
    expect(textsOf(await expectWhole(files, id))).toEqual(["one", "two"]);
  });

  test("goes on where it was when it is gained again, though another process wrote meanwhile", async () => {
    const [first, second] = [nextClientId(), nextClientId()];
    await running.submit(post(id, ada, "one", { clientId: first }));
    await leases.take(0);
    const theirs = createHandLeases();
    const other = await startSequencing(files, { leases: theirs, owner: "that process", projecting: false });
    await other.submit(post(id, ada, "two", { clientId: second }));
    await theirs.take(0);
    leases.give(0);
    expect(await running.submit(post(id, ada, "one", { clientId: first }))).toMatchObject({ seq: 2, duplicate: true });
    expect(await running.submit(post(id, ada, "two", { clientId: second }))).toMatchObject({ seq: 3, duplicate: true });
    expect((await running.submit(post(id, bob, "three"))).seq).toBe(4);
    expect(textsOf(await expectWhole(files, id))).toEqual(["one", "two", "three"]);
    expect(running.following.stopped(0)).toBeUndefined();
  });

  test("lets commands wait while it is taken over, and answers them once it is", async () => {
    await leases.take(0);
    files.log.next("lost", "lost", "lost");
    leases.give(0);
    const sent = running.submit(post(id, ada, "hello"));
    expect(running.sequencer.notReady()).toContain("waits for the log to take a record");
    expect((await sent).seq).toBe(2);
    expect(running.sequencer.notReady()).toBeUndefined();
  });

  test("answers commands that wait for its takeover that they were not sent", async () => {
    await leases.take(0);
    files.log.next(...many("lost"));
    leases.give(0);
    const sent = reasonOf(running.submit(post(id, ada, "hello")));
    await leases.take(0);
    expect(await sent).toBe(notOwner);
  });

  test("is not ready while nobody holds it", async () => {
    await leases.take(0);
    expect(running.sequencer.notReady()).toContain("no process owns shard 0");
  });
});

describe("a process that slept while another took its shard", () => {
  test("is refused by the log, gives the shard up, and comes back to it knowing all", async () => {
    const line = { isCut: false };
    const append: Files["log"]["append"] = async (...record) => {
      if (line.isCut) throw new AppendUnknown("the line is cut");
      return await files.log.append(...record);
    };
    await running.stop();
    const lines = { ...files, log: { ...files.log, append } };
    const slept = await startSequencing(lines, { leases, projecting: false, owner: "who slept" });
    const clientId = nextClientId();
    line.isCut = true;
    const sent = reasonOf(slept.submit(post(id, ada, "one", { clientId })));
    await until(() => (slept.sequencer.notReady() ? "" : "it is not settling"));
    const theirs = createHandLeases();
    const other = await startSequencing(files, { leases: theirs, owner: "that process" });
    expect((await other.submit(post(id, bob, "two"))).seq).toBe(2);
    line.isCut = false;
    expect(await sent).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
    expect(await reasonOf(slept.submit(post(id, ada, "one", { clientId })))).toBe(notOwner);
    expect(slept.sequencer.holds(0)).toBe(false);
    await theirs.take(0);
    leases.give(0);
    expect(await slept.submit(post(id, ada, "one", { clientId }))).toMatchObject({ seq: 3, duplicate: false });
    expect(textsOf(await expectWhole(files, id))).toEqual(["two", "one"]);
  });
});
