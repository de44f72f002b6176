import { beforeAll, describe, expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  type Person,
  platformRefusal,
  refusalOf,
  say,
  signInAgain,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let ada: Person;
let bob: Person;
let id: string;

beforeAll(async () => {
  [ada, bob] = await signInThree(stack());
  id = await makeGroup([ada, bob]);
});

const invalid = platformRefusal(platformErrors.INVALID_ARGUMENT);
const itemOf = (text: string, clientId = uuidv7()) => ({ clientId, content: { text } });

describe("sending", () => {
  test("once more with the same client id gives the same answer; other content is refused", async () => {
    const request = { conversationId: id, ...itemOf("hello") };
    const first = await ada.chat.sendMessage(request);
    expect(await ada.chat.sendMessage(request)).toMatchObject({ ...first, after: expect.any(String), duplicate: true });
    const other = { ...request, content: { text: "goodbye" } };
    expect(await refusalOf(ada.chat.sendMessage(other))).toBe(chatRefusal(chatErrors.CLIENT_ID_REUSED));
    expect((await ada.chat.sendMessages({ conversationId: id, items: [request] })).results[0]?.outcome).toMatchObject({
      case: "refused",
      value: { reason: chatErrors.CLIENT_ID_REUSED.reason },
    });
    const laptop = await signInAgain(stack(), ada.userId);
    expect((await laptop.chat.sendMessage(other)).duplicate).toBe(false);
  });

  test("many at once gives a result each, in order, though some are refused", async () => {
    const [twice, used] = [uuidv7(), uuidv7()];
    await ada.chat.sendMessage({ conversationId: id, ...itemOf("used", used) });
    const items = [itemOf("one"), itemOf("two", twice), itemOf("two", twice), itemOf("other", used), itemOf("three")];
    const { results } = await ada.chat.sendMessages({ conversationId: id, items });
    expect(results.map(({ outcome }) => outcome.case)).toEqual(["sent", "sent", "sent", "refused", "sent"]);
    const sent = results.flatMap(({ outcome }) => (outcome.case === "sent" ? [outcome.value] : []));
    const start = sent[0]?.seq ?? 0n;
    expect(sent.map(({ seq, duplicate }) => [Number(seq - start), duplicate])).toEqual([
      [0, false],
      [1, false],
      [1, true],
      [2, false],
    ]);
  });

  test("nothing, too much, or what is no content is refused", async () => {
    const send = (content: object) =>
      refusalOf(ada.chat.sendMessage({ clientId: uuidv7(), conversationId: id, content }));
    expect(await send({})).toBe(invalid);
    expect(await send({ text: "x".repeat(16 * 1024 + 1) })).toBe(invalid);
    expect(await send({ text: "é".repeat(8 * 1024 + 1) })).toBe(invalid);
    expect(await send({ text: "x".repeat(16 * 1024) })).toBe("done");
    expect(await send({ text: "x", attachments: Array(11).fill({ mediaId: uuidv7() }) })).toBe(invalid);
    const many = (items: object[]) => refusalOf(ada.chat.sendMessages({ conversationId: id, items }));
    expect(await many([])).toBe(invalid);
    expect(await many(Array.from({ length: 101 }, () => itemOf("x")))).toBe(invalid);
    const long = "x".repeat(16_000);
    expect(await many(Array.from({ length: 17 }, () => itemOf(long)))).toBe(platformRefusal(platformErrors.TOO_LARGE));
    expect(await many([{ clientId: "no uuid", content: { text: "x" } }])).toBe(invalid);
  });

  test("with a trace context of any length harms nobody who shares the group", async () => {
    const headers = { traceparent: "x".repeat(8_000) };
    const sends = Array.from({ length: 80 }, (_, index) =>
      ada.chat.sendMessage({ conversationId: id, ...itemOf(`message ${index} ${"y".repeat(4_000)}`) }, { headers }),
    );
    const others = Array.from({ length: 20 }, () => say(bob, id, "hello"));
    expect(await Promise.all([...sends, ...others].map(refusalOf))).toEqual(Array(100).fill("done"));
  });

  test("hundreds of one device at once are each there once, whatever is repeated", async () => {
    const group = await makeGroup([ada, bob]);
    const items = Array.from({ length: 300 }, (_, index) => ({ conversationId: group, ...itemOf(`message ${index}`) }));
    const sent = await Promise.all([...items, ...items.toReversed()].map((item) => ada.chat.sendMessage(item)));
    expect(new Set(sent.map(({ seq }) => seq)).size).toBe(300);
    const { events } = await bob.chat.listEvents({ conversationId: group, pageSize: 1000 });
    expect(events.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
  });
});
