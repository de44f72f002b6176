import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Validator } from "@bufbuild/protovalidate";
import type { Client } from "@connectrpc/connect";
import {
  type ChatService,
  type SendMessageRequest,
  SendMessageRequestSchema,
  SetMarksRequestSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { type ConnectRequest, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { type PresenceService, SetTypingRequestSchema } from "#gen/parley/presence/v1/presence_pb.js";
import { type Budget, userKey } from "#platform/rpc/budgets.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { type Tracing, traced } from "#platform/telemetry/tracing.ts";
import { streamErrors } from "../errors.ts";
import { Answers } from "./answers.ts";
import { plainItem } from "./frames.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import type { Stream } from "./stream.ts";

export interface CommandPeers {
  readonly chat: Client<typeof ChatService>;
  readonly presence: Client<typeof PresenceService>;
  readonly validator: Validator;
  /** Charged with each command: what the user has for calls. */
  readonly budget: Budget;
  /** Absent: telemetry is off. */
  readonly tracing?: Tracing | undefined;
}

/** How long a send may take before its outcome is told as unknown. */
const sendTimeoutMs = 15_000;
/** How long a client that filled all lanes stays away. */
const lanesRetryMs = 1_000;

/** Most conversations of one stream in which sends wait, or wait to be repeated. */
export const maxLanes = 256;

/** Sends to one conversation, one after the other. */
interface Lane {
  last: Promise<void>;
  waiting: number;
  /** The send that failed and may be repeated: until it is, later ones are refused as it was. */
  heldBy?: { readonly clientId: string; readonly refusal: Refusal };
}

/** Carries out what a client says on a Connect stream, and answers on the stream. */
export class Commands {
  readonly #stream: Stream;
  readonly #peers: CommandPeers;
  readonly #answers = new Answers();
  readonly #lanes = new Map<string, Lane>();

  constructor(stream: Stream, peers: CommandPeers) {
    this.#stream = stream;
    this.#peers = peers;
    stream.onSent = (clientId) => this.#answers.fromLog(clientId);
  }

  /** Reads commands until there are no more. Rejects where the client breaks the protocol. */
  async read(requests: AsyncIterator<ConnectRequest>): Promise<void> {
    for (;;) {
      await this.#answers.room();
      const request = await requests.next();
      if (request.done || this.#stream.isClosed) return;
      await this.#carryOut(request.value);
    }
  }

  /** Lets go of whatever waits: the stream is over. */
  close(): void {
    this.#answers.close();
  }

  /** Marks and typing are carried out before the next command is read; sends are not waited for. */
  async #carryOut({ command, traceparent }: ConnectRequest): Promise<void> {
    const { chat, presence } = this.#peers;
    const asUser = callAs(this.#stream.identity, { timeoutMs: sendTimeoutMs });
    switch (command.case) {
      case "send":
        return this.#takeSend(command.value, traceparent);
      case "mark":
        return this.#attempt(command.value.clientId, async () => {
          await this.#admit(SetMarksRequestSchema, command.value);
          await this.#traced("mark", traceparent, () => chat.setMarks(command.value, asUser));
        });
      case "typing":
        return this.#attempt(command.value.clientId, async () => {
          await this.#admit(SetTypingRequestSchema, command.value);
          await this.#traced("typing", traceparent, () => presence.setTyping(command.value, asUser));
        });
      case "open":
        throw streamErrors.NOT_OPENED();
      default:
        return this.#attempt("", async () => {
          await this.#charge();
          throw platformErrors.INVALID_ARGUMENT({ message: "unknown command" });
        });
    }
  }

  async #attempt(clientId: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#refuse(clientId, refusalOf(error));
    }
  }

  /** A command is a call of its own: what traces it is not the span of the stream, which lasts for days. */
  #traced<T>(command: string, traceparent: string, call: () => Promise<T>): Promise<T> {
    const { tracing } = this.#peers;
    if (!tracing) return call();
    const name = `${DeliveryService.typeName}/${DeliveryService.method.connect.name} ${command}`;
    return traced(tracing.begin(name, { kind: "server", parent: traceparent }), call);
  }

  /** What is not valid never waits: until it was checked, it may be as large as a request can be. */
  async #takeSend(request: SendMessageRequest, traceparent: string): Promise<void> {
    const clientId = request.clientId.toLowerCase();
    try {
      this.#check(SendMessageRequestSchema, request);
    } catch (error) {
      await this.#charge().catch(() => undefined);
      this.#refuse(clientId, refusalOf(error));
      return;
    }
    this.#send(request, traceparent);
  }

  /** Throws where a new conversation is one too many: without its lane, a later message could pass this one. */
  #send(request: SendMessageRequest, traceparent: string): void {
    const known = this.#lanes.get(request.conversationId);
    if (!known && this.#lanes.size >= maxLanes) {
      throw platformErrors.RATE_LIMITED({ message: "too many conversations wait", retryAfterMs: lanesRetryMs });
    }
    const lane = known ?? { last: Promise.resolve(), waiting: 0 };
    this.#lanes.set(request.conversationId, lane);
    this.#answers.expect(request.clientId.toLowerCase());
    lane.waiting++;
    lane.last = lane.last.then(async () => {
      if (!this.#stream.isClosed) await this.#sendNext(request, lane, traceparent);
      lane.waiting--;
      this.#answers.over();
      if (lane.waiting === 0 && !lane.heldBy) this.#lanes.delete(request.conversationId);
    });
  }

  async #sendNext(request: SendMessageRequest, lane: Lane, traceparent: string): Promise<void> {
    const clientId = request.clientId.toLowerCase();
    if (lane.heldBy && lane.heldBy.clientId !== clientId) {
      this.#answerRefused(clientId, { ...lane.heldBy.refusal, message: "an earlier message is not sent yet" });
      return;
    }
    delete lane.heldBy;
    try {
      await this.#charge();
      const asUser = callAs(this.#stream.identity, { timeoutMs: sendTimeoutMs });
      const send = () => this.#peers.chat.sendMessage(request, asUser);
      const { seq, duplicate } = await this.#traced("send", traceparent, send);
      if (!this.#answers.fromCall(clientId, !duplicate)) return;
      const value = { clientId, conversationId: request.conversationId, seq };
      this.#stream.push(plainItem({ case: "sent", value }));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.retryable) lane.heldBy = { clientId, refusal };
      this.#answerRefused(clientId, refusal);
    }
  }

  /** An outcome that was unknown to the call may have come with the log meanwhile. */
  #answerRefused(clientId: string, refusal: Refusal): void {
    if (this.#answers.fromCall(clientId, false)) this.#refuse(clientId, refusal);
  }

  #refuse(clientId: string, refusal: Refusal): void {
    this.#stream.push(plainItem({ case: "refused", value: { clientId, ...refusal } }));
  }

  /** Holds a command to what the edge holds calls to: the user's budget and the rules of the fields. */
  async #admit<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): Promise<void> {
    await this.#charge();
    this.#check(schema, message);
  }

  #charge(): Promise<void> {
    return this.#peers.budget.charge(userKey(this.#stream.identity.userId));
  }

  #check<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>): void {
    const result = this.#peers.validator.validate(schema, message);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid") {
      const [violation] = result.violations;
      throw platformErrors.INVALID_ARGUMENT({ message: violation?.toString() ?? "" });
    }
  }
}
