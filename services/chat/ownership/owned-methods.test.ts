import fc from "fast-check";
import { expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { newConversationId } from "#platform/runtime/ids.ts";
import { ownedMethods } from "./owned-methods.ts";

const keyOf = (name: string) => ownedMethods.get(ChatService.method.sendMessage)?.keyOf(name);

test("a conversation's key is its shard, and no other text has one", () => {
  fc.assert(fc.property(fc.nat(65_535), (shard) => keyOf(newConversationId(shard)) === shard));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => keyOf(text) === undefined));
  for (const text of ["", "A", "A".repeat(23), "A".repeat(25), `${"A".repeat(23)}=`, "ä".repeat(24)]) {
    expect(keyOf(text)).toBeUndefined();
  }
});
