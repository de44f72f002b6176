import { readFileSync } from "node:fs";
import { join } from "node:path";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import { ChatService, type ImportEventsRequest_Item } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  type Person,
  platformRefusal,
  projected,
  refusalOf,
  say,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let ada: Person;
let bob: Person;
let cyd: Person;

beforeAll(async () => {
  [ada, bob, cyd] = await signInThree(stack());
});

const operator = () => {
  const token = readFileSync(join(stack().dataDir, "keys", "operator.key"), "utf8").trim();
  return stack().client(ChatService, { token });
};
const begun = Date.UTC(2004, 9, 20);

type Body = ImportEventsRequest_Item["body"];
type ItemInit = { clientId: string; authorId: string; time: ReturnType<typeof timestampFromMs>; body: Body };

const itemOf = ({ userId }: Person, seconds: number, body: ItemInit["body"]): ItemInit => ({
  clientId: uuidv7(),
  authorId: userId,
  time: timestampFromMs(begun + 1_000 * seconds),
  body,
});
const joined: Body = { case: "joined", value: true };
const left: Body = { case: "left", value: true };
const posted = (text: string): Body => ({
  case: "posted",
  value: { $typeName: "parley.chat.v1.Content", text, attachments: [], replyTo: 0n, action: false },
});

const bring = (conversationId: string, items: ItemInit[]) => operator().importEvents({ conversationId, items });

async function beginChannel(): Promise<string> {
  const request = { clientId: uuidv7(), kind: ConversationKind.CHANNEL, name: "#ubuntu", ownerId: ada.userId };
  const made = await operator().importConversation({ ...request, time: timestampFromMs(begun) });
  const again = await operator().importConversation({ ...request, time: timestampFromMs(begun) });
  expect(again.conversationId).toBe(made.conversationId);
  return made.conversationId;
}

async function storyOf(conversationId: string) {
  const { events } = await ada.chat.listEvents({ conversationId, pageSize: 1000 });
  return events.map(({ body, time, authorId }) => [body.case, time && (timestampMs(time) - begun) / 1000, authorId]);
}

describe("importing", () => {
  test("brings events over with their authors and times, joins and leaves where they change who is there", async () => {
    const id = await beginChannel();
    const items = [
      itemOf(bob, 1, joined),
      itemOf(bob, 2, joined),
      itemOf(bob, 3, posted("hello")),
      itemOf(bob, 2, posted("stamped before")),
      itemOf(cyd, 5, left),
      itemOf(bob, 6, left),
      itemOf(bob, 7, joined),
      itemOf(bob, 8, {
        case: "nameChanged",
        value: { $typeName: "parley.chat.v1.NameChanged", userId: cyd.userId, oldName: "b", newName: "c" },
      }),
    ];
    const { results } = await bring(id, items);
    expect(results.map(({ seq }) => seq)).toEqual([2n, 0n, 3n, 4n, 0n, 5n, 6n, 7n]);
    expect(await storyOf(id)).toEqual([
      ["conversationCreated", 0, ada.userId],
      ["membersAdded", 1, bob.userId],
      ["messagePosted", 3, bob.userId],
      ["messagePosted", 3, bob.userId],
      ["memberRemoved", 6, bob.userId],
      ["membersAdded", 7, bob.userId],
      ["nameChanged", 8, bob.userId],
    ]);
    const sent = await say(bob, id, "now");
    expect(sent.seq).toBe(8n);
    expect(sent.time && timestampMs(sent.time)).toBeGreaterThan(Date.now() - 60_000);
  });

  test("the same items again, in whatever order, changes nothing", async () => {
    const id = await beginChannel();
    const items = [
      itemOf(bob, 1, joined),
      ...Array.from({ length: 200 }, (_, index) => itemOf(bob, index, posted(`line ${index}`))),
      itemOf(bob, 300, left),
    ];
    const first = await bring(id, items);
    await projected(stack());
    const again = await bring(id, items.toReversed());
    expect(again.results.toReversed().map(({ seq, duplicate }) => [seq, duplicate])).toEqual(
      first.results.map(({ seq }) => [seq, true]),
    );
    expect(await storyOf(id)).toHaveLength(203);
  });

  test("a message of somebody who has not joined is refused, and what else was in the call stands", async () => {
    const id = await beginChannel();
    const items = [itemOf(bob, 1, joined), itemOf(cyd, 2, posted("hello")), itemOf(bob, 3, posted("hello"))];
    expect(await refusalOf(bring(id, items))).toBe(chatRefusal(chatErrors.NOT_A_MEMBER));
    expect(await storyOf(id)).toHaveLength(3);
  });

  test("nobody joins or leaves a direct conversation, and no group grows beyond what it may", async () => {
    const { conversation } = await ada.chat.createConversation({
      clientId: uuidv7(),
      kind: ConversationKind.DIRECT,
      memberIds: [bob.userId],
    });
    const id = conversation?.conversationId ?? "";
    const wrongKind = chatRefusal(chatErrors.WRONG_KIND);
    expect(await refusalOf(bring(id, [itemOf(cyd, 1, joined)]))).toBe(wrongKind);
    expect(await refusalOf(bring(id, [itemOf(bob, 1, left)]))).toBe(wrongKind);
    const group = await makeGroup([ada]);
    const strangers = Array.from({ length: 1000 }, () => ({ ...itemOf(bob, 1, joined), authorId: uuidv7() }));
    for (let start = 0; start < 750; start += 250) await bring(group, strangers.slice(start, start + 250));
    await bring(group, strangers.slice(750, 999));
    const one = bring(group, strangers.slice(999));
    expect(await refusalOf(one)).toBe(chatRefusal(chatErrors.TOO_MANY_MEMBERS));
  });

  test("a time that no calendar has is refused, and the shard goes on", async () => {
    const id = await beginChannel();
    const invalid = platformRefusal(platformErrors.INVALID_ARGUMENT);
    for (const seconds of [2n ** 62n, -(2n ** 62n), 253_402_300_800n]) {
      const time = { ...timestampFromMs(0), seconds };
      expect(await refusalOf(bring(id, [{ ...itemOf(bob, 1, joined), time }]))).toBe(invalid);
      const request = { clientId: uuidv7(), kind: ConversationKind.GROUP, name: "x", ownerId: ada.userId, time };
      expect(await refusalOf(operator().importConversation(request))).toBe(invalid);
    }
    await say(ada, id, "hello");
    await projected(stack());
    expect(await storyOf(id)).toHaveLength(2);
  });

  test("is for the operator alone", async () => {
    const id = await beginChannel();
    const call = ada.chat.importEvents({ conversationId: id, items: [itemOf(bob, 1, joined)] });
    expect(await refusalOf(call)).toBe(platformRefusal(platformErrors.WRONG_CREDENTIAL));
  });
});
