import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { Person } from "../clients/town.ts";
import { bearer, type Ways } from "../clients/ways.ts";
import type { Reading, Seen } from "../evidence.ts";

const callMs = 5_000;
const pauseMs = 200;
const maxTries = 20;

/** All events of the conversations that a person is given who asks for them. */
export async function listAll(
  { userId, handle, writer }: Person,
  { ways, conversations }: { readonly ways: Ways; readonly conversations: readonly string[] },
): Promise<Reading> {
  const events = new Map<string, Map<number, Seen>>();
  for (const conversationId of conversations) {
    const seen = new Map<number, Seen>();
    events.set(conversationId, seen);
    for (let from = 1n, tries = 0; from !== 0n && tries < maxTries; ) {
      try {
        const request = { conversationId, fromSeq: from, pageSize: 1_000 };
        const options = bearer(writer.token, { timeoutMs: callMs });
        const page = await ways.client(ChatService, tries).listEvents(request, options);
        for (const event of page.events) seen.set(Number(event.seq), { event, atMs: performance.now() });
        from = page.nextSeq;
      } catch (error) {
        if (ConnectError.from(error).code === Code.PermissionDenied) break;
        tries++;
        await wait(pauseMs);
      }
    }
  }
  return { name: `${handle}, listing`, kind: "listed", userId, events };
}
