import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { MeasuredServer } from "./process.ts";
import type { Wire } from "./wire.ts";

/** Somebody with one signed-in device. */
export interface Person {
  readonly userId: string;
  readonly token: string;
}

const accountsACall = 256;
const callsAtOnce = 128;
const membersACall = 100;

/** Makes people and signs each in. */
export async function makePeople(
  server: Pick<MeasuredServer, "dataDir">,
  wire: Wire,
  count: number,
): Promise<Person[]> {
  const key = readFileSync(join(server.dataDir, "keys/operator.key"), "utf8").trim();
  const names = Array.from({ length: count }, () => crypto.randomUUID());
  const userIds: string[] = [];
  for (let start = 0; start < count; start += accountsACall) {
    const accounts = names.slice(start, start + accountsACall).map((name) => ({ externalId: name, displayName: name }));
    const made = await wire.call(AuthService.method.createAccounts, key, { clientId: uuidv7(), accounts });
    userIds.push(...made.userIds);
  }
  const people: Person[] = [];
  await Promise.all(
    Array.from({ length: callsAtOnce }, async () => {
      for (let userId = userIds.pop(); userId !== undefined; userId = userIds.pop()) {
        const device = { id: crypto.randomUUID(), name: "" };
        const issued = await wire.call(AuthService.method.issueSession, key, { clientId: uuidv7(), userId, device });
        people.push({ userId, token: issued.session?.accessToken ?? "" });
      }
    }),
  );
  return people;
}

/** Makes a group, or a channel where it is large; the first person owns it. Returns its id. */
export async function gather(wire: Wire, people: readonly Person[]): Promise<string> {
  const [owner, ...others] = people;
  const token = owner?.token ?? "";
  const ids = others.map(({ userId }) => userId);
  const kind = people.length > 200 ? ConversationKind.CHANNEL : ConversationKind.GROUP;
  const memberIds = ids.slice(0, membersACall);
  const init = { clientId: uuidv7(), kind, name: "bench", memberIds };
  const { conversation } = await wire.call(ChatService.method.createConversation, token, init);
  const conversationId = conversation?.conversationId ?? "";
  for (let start = membersACall; start < ids.length; start += membersACall) {
    const userIds = ids.slice(start, start + membersACall);
    await wire.call(ChatService.method.addMembers, token, { clientId: uuidv7(), conversationId, userIds });
  }
  return conversationId;
}
