import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { isSignedOut } from "./errors.ts";
import { openFileStorage } from "./node/storage-file.ts";
import { connectByHttp2 } from "./node/transport-http2.ts";
import type { Parley } from "./parley.ts";
import { createMemoryStorage } from "./storage-memory.ts";
import type { SyncEvent } from "./sync-events.ts";
import { newPerson, openDevice, password, storagePath } from "./testing/devices.ts";
import { connectWithFaults } from "./testing/faults.ts";
import type { Connect } from "./transport.ts";

describe("sync", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());

  it("tells what happens as it happens, in order", async () => {
    const [reader, writer] = [await newPerson(stack.url), await newPerson(stack.url)];
    const stream = reader.sync();
    await take(stream, isLive);
    const group = await writer.conversations.createGroup({ name: "Bridge", memberIds: [idOf(reader)] });
    const { conversationId } = group;
    const { seq } = await writer.send(conversationId, { text: "hello" });
    await writer.conversations.edit(conversationId, seq, { text: "hello again" });
    await writer.conversations.delete(conversationId, seq);
    await writer.conversations.setTyping(conversationId, true);
    await writer.conversations.removeMember(conversationId, idOf(reader));
    const told = await take(stream, (event) => event.type === "left");
    const durable = told.filter((event) => event.type !== "typing" && event.type !== "mark");
    expect(durable.map((event) => event.type)).toEqual([
      "joined",
      "changed",
      "message",
      "edited",
      "deleted",
      "changed",
      "left",
    ]);
    expect(told.some((event) => event.type === "typing" && event.typing.userId === idOf(writer))).toBe(true);
    await stream.return(undefined);
  });

  it("goes on in the next run where the last one stopped, each program at its own place", async () => {
    const path = storagePath();
    const writer = await newPerson(stack.url);
    const reader = await openDevice(stack.url, path);
    await reader.register({ handle: "rereader", password });
    const { conversationId } = await writer.conversations.direct(idOf(reader));
    for (const cursor of ["one", "two"]) await runUntil(reader, isLive, cursor);
    await writer.send(conversationId, { text: "first" });
    expect(textsOf(await runUntil(reader, isMessage("first"), "one"))).toEqual(["first"]);
    await writer.send(conversationId, { text: "second" });
    await reader.close();

    const later = await openDevice(stack.url, path);
    expect(textsOf(await runUntil(later, isMessage("second"), "one"))).toEqual(["second"]);
    expect(textsOf(await runUntil(later, isMessage("second"), "two"))).toEqual(["first", "second"]);
  });

  it("misses nothing and repeats nothing, however often streams break and however far behind they are", async () => {
    let dice = 0;
    const faulty = connectWithFaults(() => (dice++ % 3 === 0 ? "lose call" : "break stream"));
    const path = storagePath();
    const reader = await openDevice(stack.url, path, { connect: faulty });
    await reader.register({ handle: "unlucky", password });
    const writer = await newPerson(stack.url);
    const { conversationId } = await writer.conversations.direct(idOf(reader));
    const words = Array.from({ length: 1_200 }, (_, index) => `message ${index}`);
    const last = isMessage(words.at(-1) ?? "");
    await runUntil(reader, isLive);
    await Promise.all(words.slice(0, 700).map((text) => writer.send(conversationId, { text })));
    const reading = runUntil(reader, last);
    await Promise.all(words.slice(700).map((text) => writer.send(conversationId, { text })));
    expect(textsOf(await reading)).toEqual(words);
  });

  it("fetches what it missed where its token is worth nothing any more", async () => {
    const path = storagePath();
    const writer = await newPerson(stack.url);
    const reader = await openDevice(stack.url, path);
    await reader.register({ handle: "tokenless", password });
    const { conversationId } = await writer.conversations.direct(idOf(reader));
    await runUntil(reader, isLive);
    await writer.send(conversationId, { text: "seen" });
    await runUntil(reader, isMessage("seen"));
    await writer.send(conversationId, { text: "missed" });
    await reader.close();
    await forgeToken(path, `sync/${idOf(reader)}/main`);
    const later = await openDevice(stack.url, path);
    expect(textsOf(await runUntil(later, isMessage("missed")))).toEqual(["missed"]);
  });

  it("ends its call when the reader leaves", async () => {
    const calls: AbortSignal[] = [];
    const noting: Connect = (url, interceptors) =>
      connectByHttp2(url, [
        ...interceptors,
        (next) => (request) => {
          if (request.method.name === "Subscribe") calls.push(request.signal);
          return next(request);
        },
      ]);
    const reader = await newPerson(stack.url, { connect: noting });
    for await (const event of reader.sync()) if (isLive(event)) break;
    expect(calls.map((signal) => signal.aborted)).toEqual([true]);
  });

  it("ends with the session", async () => {
    const reader = await newPerson(stack.url);
    const elsewhere = await openDevice(stack.url, storagePath(), { storage: createMemoryStorage() });
    await elsewhere.logIn({ handle: reader.handle }, password);
    const stream = reader.sync();
    await take(stream, isLive);
    const rest = take(stream, () => false);
    await elsewhere.services.auth.revokeSession({ sessionId: reader.session?.sessionId ?? "" });
    await expect(rest).rejects.toSatisfy(isSignedOut);
  });
});

function idOf(parley: Parley): string {
  return parley.session?.userId ?? "";
}

const isLive = (event: SyncEvent) => event.type === "state" && event.state === "live";
const isMessage = (text: string) => (event: SyncEvent) => event.type === "message" && event.content.text === text;

/** Events up to the one that is `last`. */
async function take(stream: AsyncGenerator<SyncEvent>, last: (event: SyncEvent) => boolean): Promise<SyncEvent[]> {
  const events: SyncEvent[] = [];
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return events;
    if (value.type !== "state") events.push(value);
    if (last(value)) return events;
  }
}

/** The same, as one run of a program that then stops. */
async function runUntil(parley: Parley, last: (event: SyncEvent) => boolean, cursor = "main"): Promise<SyncEvent[]> {
  const stop = new AbortController();
  const stream = parley.sync({ cursor, signal: stop.signal });
  const events = await take(stream, last);
  stop.abort();
  return [...events, ...(await take(stream, () => false))];
}

function textsOf(events: SyncEvent[]): string[] {
  return events.flatMap((event) => (event.type === "message" ? [event.content.text] : []));
}

async function forgeToken(path: string, key: string): Promise<void> {
  const storage = openFileStorage(path);
  const cursor = JSON.parse((await storage.get(key)) ?? "{}");
  await storage.write([{ key, value: JSON.stringify({ ...cursor, token: "forged" }) }]);
  await storage.close();
}
