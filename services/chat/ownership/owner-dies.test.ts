import { createClient, createHandlerContext, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { createMemoryFleet } from "#platform/fleet/fleet-memory.ts";
import type { Process } from "#platform/fleet/processes.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callOwner } from "./owner-calls.ts";

const processNamed = (id: string): Process => ({ id, address: "http://127.0.0.1:1", modules: ["chat"], shards: 1 });

test("a call is asked again of who has taken over, also where that is the process which passed it on", async () => {
  const [self, dying] = [processNamed("this process"), processNamed("that process")];
  const fleet = createMemoryFleet(self);
  let isTakenOver = false;
  const asked: string[] = [];
  const deps = {
    sequencer: { holds: () => isTakenOver },
    fleet: { ...fleet, leases: { ...fleet.leases, holderOf: () => (isTakenOver ? self : dying) } },
    chatAt: () =>
      createClient(
        ChatService,
        createRouterTransport(() => {}),
      ),
  };
  const call = {
    shard: () => 0,
    here: () => `here after ${asked.push("here")}`,
    there: async () => {
      asked.push("there");
      isTakenOver = true;
      throw platformErrors.PEER_UNREACHABLE();
    },
    verdictOn: () => "final" as const,
  };
  const context = createHandlerContext({
    service: ChatService,
    method: ChatService.method.sendMessage,
    protocolName: "connect",
    requestMethod: "POST",
    url: "http://127.0.0.1:1",
    timeoutMs: 5_000,
  });
  expect(await callOwner(deps, call, {}, context)).toBe("here after 2");
  expect(asked).toEqual(["there", "here"]);
});
