import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { isReason } from "./errors.ts";
import { attachmentOf } from "./media.ts";
import { connectByHttp2 } from "./node/transport-http2.ts";
import type { Parley } from "./parley.ts";
import { newPerson } from "./testing/devices.ts";
import type { Connect } from "./transport.ts";

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

/** Notes the calls of downloads; the first `breaks` of them break after two parts. */
function noting(calls: AbortSignal[], breaks = 0): Connect {
  const note: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (request.method.name !== "Download" || !response.stream) return response;
    calls.push(request.signal);
    return calls.length > breaks ? response : { ...response, message: firstTwo(response.message) };
  };
  return (url, interceptors) => connectByHttp2(url, [...interceptors, note]);
}

async function* firstTwo<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  let count = 0;
  for await (const part of parts) {
    yield part;
    if (++count === 2) throw new ConnectError("the connection broke", Code.Unavailable);
  }
}

async function uploaded(reader: Parley) {
  const other = await newPerson(stack.url);
  const { conversationId } = await reader.conversations.direct(other.session?.userId ?? "");
  const data = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  const file = { fileName: "big.bin", contentType: "application/octet-stream", data };
  return { data, mediaId: (await reader.media.upload(conversationId, file)).mediaId };
}

it("ends the call of a download whose reader fails, and does not try again", async () => {
  const calls: AbortSignal[] = [];
  const reader = await newPerson(stack.url, { connect: noting(calls) });
  const { mediaId } = await uploaded(reader);
  const onProgress = () => {
    throw new Error("the reader left");
  };
  await expect(reader.media.download(mediaId, { onProgress }).then(() => "all of it")).rejects.toThrow("reader left");
  expect(calls.map((signal) => signal.aborted)).toEqual([true]);
});

it("goes on where a download broke", async () => {
  const calls: AbortSignal[] = [];
  const reader = await newPerson(stack.url, { connect: noting(calls, 2) });
  const { mediaId, data } = await uploaded(reader);
  const progress: number[] = [];
  const fetched = await reader.media.download(mediaId, { onProgress: (done) => progress.push(done) });
  expect(Buffer.from(fetched.data).equals(Buffer.from(data))).toBe(true);
  expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));
  expect(calls).toHaveLength(3);
});
