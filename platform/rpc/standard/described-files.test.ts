import { expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { describeFiles } from "./described-files.ts";

test("a file is encoded once, whoever asks for it", () => {
  const ask = () => describeFiles({ services: [ChatService], otherFiles: [] }).declaring(ChatService.typeName) ?? [];
  const [first, second] = [ask(), ask()];
  expect(first.length).toBeGreaterThan(1);
  for (const [index, bytes] of first.entries()) expect(second[index]).toBe(bytes);
});
