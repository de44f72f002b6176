import { afterAll, beforeAll, expect, it } from "vitest";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { isReason } from "./errors.ts";
import { attachmentOf } from "./media.ts";
import { newPerson } from "./testing/devices.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

it("carries a file from one to the other, telling how far it is, and to nobody else", async () => {
  const [sender, reader, stranger] = [
    await newPerson(stack.url),
    await newPerson(stack.url),
    await newPerson(stack.url),
  ];
  const { conversationId } = await sender.conversations.direct(reader.session?.userId ?? "");
  const data = crypto.getRandomValues(new Uint8Array(60_000));
  const file = {
    fileName: "cat.png",
    contentType: "image/png",
    data: Uint8Array.from({ length: 600_000 }, (_, i) => data[i % 60_000] ?? 0),
  };
  const progress: number[] = [];
  const media = await sender.media.upload(conversationId, file, { onProgress: (done) => progress.push(done) });
  expect(progress).toEqual([262_144, 524_288, 600_000]);
  await sender.send(conversationId, { text: "", attachments: [attachmentOf(media)] });
  const [message] = await reader.conversations.history(conversationId);
  const mediaId = message?.content?.attachments[0]?.mediaId ?? "";
  expect(Buffer.from((await reader.media.download(mediaId)).data).equals(Buffer.from(file.data))).toBe(true);
  const refused = await stranger.media.download(mediaId).catch((error) => error);
  expect(isReason(refused, "media", "NOT_FOUND", "NOT_A_MEMBER")).toBe(true);
});
