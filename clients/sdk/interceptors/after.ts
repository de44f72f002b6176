import type { Interceptor, StreamResponse, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { createBoundedMap } from "../bounded-map.ts";
import { isReason } from "../errors.ts";

/** Most conversations whose last acknowledgement is remembered; the one used longest ago goes first. */
export const maxRemembered = 4096;

/**
 * Lets every read see what was acknowledged before it: the `after` of the latest acknowledgement of a conversation goes
 * into reads of that conversation, the latest of all into reads of several. Tokens that the server no longer knows, for
 * example because its data was replaced, are forgotten.
 */
export function afterInterceptor(memory: AfterMemory): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const { message } = request;
    const given = "after" in message && message.after === "" ? memory.recall(conversationIn(message)) : undefined;
    if (given === undefined) return remembering(memory, request, await next(request));
    try {
      return await next(withAfter(request, given));
    } catch (error) {
      if (!isReason(error, "chat", "INVALID_TOKEN")) throw error;
      memory.forget();
      return next(withAfter(request, ""));
    }
  };
}

/** The latest `after` of each conversation. Tokens can't be compared, so the latest acknowledgement counts. */
export interface AfterMemory {
  remember(conversationId: string, after: string): void;
  /** Of a conversation, or the latest of all. */
  recall(conversationId: string | undefined): string | undefined;
  /** For when tokens are worth nothing any more, as when another user signs in. */
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

function withAfter(request: UnaryRequest, after: string): UnaryRequest {
  if ("after" in request.message) request.message.after = after;
  return request;
}

function remembering<Response extends UnaryResponse | StreamResponse>(
  memory: AfterMemory,
  request: UnaryRequest,
  response: Response,
): Response {
  const { message } = response;
  if (!("after" in message) || typeof message.after !== "string" || message.after === "") return response;
  const conversationId = conversationIn(request.message) ?? createdIn(message);
  if (conversationId !== undefined) memory.remember(conversationId, message.after);
  return response;
}

function conversationIn(message: object): string | undefined {
  return "conversationId" in message && typeof message.conversationId === "string" ? message.conversationId : undefined;
}

function createdIn(message: object): string | undefined {
  if (!("conversation" in message) || typeof message.conversation !== "object") return undefined;
  return message.conversation ? conversationIn(message.conversation) : undefined;
}
