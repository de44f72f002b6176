import { createClient } from "@connectrpc/connect";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { bearer, password, reached, sentNow } from "../town.ts";
import type { Behaviour } from "./behaviour.ts";

const callsEach = 5;
const burst = 50;

/** Reads, over any protocol. */
export const read: Behaviour = async ({ town, person, below, line }) => {
  const chat = createClient(ChatService, line().transport);
  const as = bearer(person.token);
  const conversationId = town.noisy;
  const reads = [
    () => chat.getConversation({ conversationId }, as),
    () => chat.listConversations({ pageSize: 10 }, as),
    () => chat.listMessages({ conversationId, pageSize: 1 + below(50) }, as),
    () => chat.listEvents({ conversationId, fromSeq: 1n, pageSize: 1 + below(100) }, as),
    () => chat.getUnread({ conversationIds: [conversationId] }, as),
  ];
  for (let n = 0; n < callsEach; n++) await reads[below(reads.length)]?.();
};

/** Sends a message and marks it read. */
export const send: Behaviour = async ({ town, person, line }) => {
  const chat = createClient(ChatService, line().transport);
  const as = bearer(person.token);
  const conversationId = town.steady;
  const content = { text: sentNow() };
  const { seq } = await chat.sendMessage({ clientId: uuidv7(), conversationId, content }, as);
  reached(town, conversationId, seq);
  await chat.setMarks({ clientId: uuidv7(), conversationId, readSeq: seq }, as);
};

/** Sends many messages at once, which slow readers can't take. */
export const sendBurst: Behaviour = async ({ town, person, line }) => {
  const chat = createClient(ChatService, line().transport);
  const content = { text: "x".repeat(400) };
  const items = Array.from({ length: burst }, () => ({ clientId: uuidv7(), content }));
  const { results } = await chat.sendMessages({ conversationId: town.noisy, items }, bearer(person.token));
  for (const { outcome } of results) {
    if (outcome.case !== "sent") throw new Error(`a message of a burst: ${outcome.case}`);
    reached(town, town.noisy, outcome.value.seq);
  }
};

/** Logs in, refreshes, and mostly logs out. */
export const logIn: Behaviour = async ({ person, below, line }) => {
  const auth = createClient(AuthService, line().transport);
  const identifier = { kind: { case: "handle", value: person.handle } } as const;
  const device = { id: crypto.randomUUID(), name: "" };
  let { session } = await auth.logIn({ clientId: uuidv7(), identifier, password, device });
  for (let n = 0; n < 1 + below(3); n++) {
    const refreshToken = session?.refreshToken ?? "";
    ({ session } = await auth.refreshSession({ clientId: uuidv7(), refreshToken }));
    await auth.getAccount({}, bearer(session?.accessToken ?? ""));
  }
  if (below(4) > 0) await auth.logOut({ clientId: uuidv7() }, bearer(session?.accessToken ?? ""));
};
