import { createHash } from "node:crypto";
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { requestHeaderOf } from "#platform/rpc/calls/call-context.ts";
import { type ConversationId, clientId, type DeviceId, type UserId } from "#platform/runtime/ids.ts";
import type { ChatDeps } from "../deps.ts";
import type { Command, Outcome } from "../sequencer/command.ts";
import type { Decide } from "./decisions.ts";

/** Who a command's client id belongs to. */
export interface Caller {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
}

export interface CommandInit<Desc extends DescMessage> {
  readonly caller: Caller;
  readonly conversationId: ConversationId;
  readonly clientId: string;
  /** What the caller asked for, client id included: equal for each repetition. */
  readonly schema: Desc;
  readonly request: MessageShape<Desc>;
  /** Whose roles the decision asks for. */
  readonly users: readonly UserId[];
  readonly decide: Decide;
  readonly context: HandlerContext;
}

export function commandOf<Desc extends DescMessage>(init: CommandInit<Desc>): Command {
  const bytes = toBinary(init.schema, init.request, { writeUnknownFields: false });
  return {
    conversationId: init.conversationId,
    userId: init.caller.userId,
    deviceId: init.caller.deviceId,
    clientId: clientId(init.clientId),
    contentHash: contentHash(init.schema, bytes),
    users: init.users,
    traceparent: traceparentOf(init.context),
    signal: init.context.signal,
    size: bytes.length,
    decide: init.decide,
  };
}

/** The W3C trace context of a call; empty where there is none, or anything else. */
function traceparentOf(context: HandlerContext): string {
  const header = requestHeaderOf(context, "traceparent") ?? "";
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header) ? header : "";
}

/** First 16 bytes of the SHA-256 of a request. */
export function contentHash(schema: DescMessage, bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(schema.typeName).update("\0").update(bytes).digest().subarray(0, 16);
}

/** Submits one command. */
export async function submit<Desc extends DescMessage>(
  deps: Pick<ChatDeps, "sequencer">,
  init: CommandInit<Desc>,
): Promise<Outcome> {
  const [outcome] = deps.sequencer.submit([commandOf(init)]);
  if (!outcome) throw new Error("a command without an outcome");
  return outcome;
}
