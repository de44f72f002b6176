import type { Interceptor, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { createBoundedMap } from "../bounded-map.ts";

/** Most conversations whose last acknowledgement is remembered; the one used longest ago goes first. */
export const maxRemembered = 4096;

/**
 * Lets every read see what was acknowledged before it: the `after` of the latest acknowledgement of a conversation goes
 * into reads of that conversation, the latest of all into reads of several.
 */
export function afterInterceptor(memory: AfterMemory): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    if ("after" in request.message && request.message.after === "") {
      request.message.after = memory.recall(conversationIn(request.message)) ?? "";
    }
    const response = await next(request);
    if (!response.stream) remember(memory, request, response);
    return response;
  };
}

/** The latest `after` of each conversation. Tokens can't be compared, so the latest acknowledgement counts. */
export interface AfterMemory {
  remember(conversationId: string, after: string): void;
  /** Of a conversation, or the latest of all. */
  recall(conversationId: string | undefined): string | undefined;
  /** For when another user signs in: tokens are bound to theirs. */
  forget(): void;
}

export function createAfterMemory(limit: number = maxRemembered): AfterMemory {
  const tokens = createBoundedMap<string, string>(limit);
  let latest: string | undefined;
  return {
    remember(conversationId, after) {
      latest = after;
      tokens.set(conversationId, after);
    },
    recall: (conversationId) => (conversationId === undefined ? latest : tokens.get(conversationId)),
    forget() {
      tokens.clear();
      latest = undefined;
    },
  };
}

function remember(memory: AfterMemory, request: UnaryRequest, response: UnaryResponse): void {
  const { message } = response;
  if (!("after" in message) || typeof message.after !== "string" || message.after === "") return;
  const conversationId = conversationIn(request.message) ?? createdIn(message);
  if (conversationId !== undefined) memory.remember(conversationId, message.after);
}

function conversationIn(message: object): string | undefined {
  return "conversationId" in message && typeof message.conversationId === "string" ? message.conversationId : undefined;
}

function createdIn(message: object): string | undefined {
  if (!("conversation" in message) || typeof message.conversation !== "object") return undefined;
  return message.conversation ? conversationIn(message.conversation) : undefined;
}
