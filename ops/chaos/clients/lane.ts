import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { AcknowledgedMark, Finding, Operation, Verb } from "../evidence.ts";
import { type Acknowledgement, type Attempts, acknowledge, attempt, attemptMs } from "./attempts.ts";
import type { Decision } from "./governing.ts";
import type { Person } from "./town.ts";
import { bearer } from "./ways.ts";

export interface LaneOptions extends Attempts {
  readonly person: Person;
  readonly conversationId: string;
  /** What this lane decides as the owner; absent: it is not the owner's. */
  readonly govern?: (() => Decision) | undefined;
  readonly below: (bound: number) => number;
  readonly note: (operation: Operation) => void;
  readonly noteMark: (mark: AcknowledgedMark) => void;
  readonly notice: (finding: Finding) => void;
  /** Time between two operations, on average. */
  readonly paceMs: number;
}

interface Own {
  readonly seq: number;
  isDeleted: boolean;
}

/** Operations that bring a text of their own. */
const saying: ReadonlySet<Verb> = new Set(["send", "edit", "rename"]);
/** What is about a message needs the store: the lane goes on without where that is away. */
const maxTriesWithTarget = 3;
/** Most of its own messages that a lane edits and deletes. */
const maxOwn = 20;

/** What one person does in one conversation, one thing after the other. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #name: string;
  readonly #own: Own[] = [];
  #turn = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#name = `${options.person.handle} in ${options.conversationId}`;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { below, paceMs } = this.#options;
    while (!signal.aborted) {
      await this.#act();
      await wait(below(2 * paceMs));
    }
  }

  async #act(): Promise<void> {
    const { below, govern } = this.#options;
    if (govern && below(2) === 0) return await this.#decide(govern());
    const dice = below(100);
    if (dice < 35) return await this.#sendMany();
    if (dice < 45) return await this.#edit();
    if (dice < 51) return await this.#delete();
    if (dice < 56) return await this.#mark();
    if (dice < 61) return await this.#sendTwiceAtOnce();
    await this.#send();
  }

  async #send(): Promise<void> {
    const operation = this.#operation("send");
    const acknowledgement = await this.#attempt(operation, (way, timeoutMs) => this.#post(operation, way, timeoutMs));
    if (!acknowledgement) return;
    this.#remember(Number(acknowledgement.seq));
    await this.#readBack(acknowledgement, 1);
    await this.#readBack(acknowledgement, 2);
  }

  /** A repetition that overtakes the first attempt, at another gateway. */
  async #sendTwiceAtOnce(): Promise<void> {
    const operation = this.#operation("send");
    const post = (way: number, timeoutMs: number) => this.#post(operation, way, timeoutMs);
    await Promise.all([this.#attempt(operation, post), this.#attempt(operation, post, 1)]);
  }

  async #sendMany(): Promise<void> {
    const operations = Array.from({ length: 2 + this.#options.below(6) }, () => this.#operation("send"));
    const { conversationId } = this.#options;
    const items = operations.map(({ clientId, text }) => ({ clientId, content: { text } }));
    const [first] = operations;
    if (!first) return;
    await this.#attempt(first, async (way, timeoutMs) => {
      const { results, after } = await this.#chat(way).sendMessages({ conversationId, items }, this.#as(timeoutMs));
      for (const [n, { outcome }] of results.entries()) {
        const operation = operations[n];
        if (outcome.case === "refused" && outcome.value.retryable) throw new Error("they are repeated together");
        if (!operation || operation === first || outcome.case !== "sent") continue;
        acknowledge(operation, Number(outcome.value.seq));
        operation.endedMs = performance.now();
      }
      const [answer] = results;
      if (answer?.outcome.case !== "sent") throw new ConnectError("it was refused", Code.PermissionDenied);
      return { seq: answer.outcome.value.seq, after };
    });
    for (const operation of operations) operation.unknown ||= operation.acknowledged.length === 0;
  }

  async #edit(): Promise<void> {
    const target = this.#pickOwn();
    if (!target) return;
    const operation = this.#operation("edit", target.seq);
    const { conversationId } = this.#options;
    const { clientId, text } = operation;
    const request = { clientId, conversationId, targetSeq: BigInt(target.seq), content: { text } };
    await this.#attempt(operation, (way, timeoutMs) => this.#chat(way).editMessage(request, this.#as(timeoutMs)));
  }

  async #delete(): Promise<void> {
    const target = this.#pickOwn();
    if (!target) return;
    target.isDeleted = true;
    const operation = this.#operation("delete", target.seq);
    const { conversationId } = this.#options;
    const request = { clientId: operation.clientId, conversationId, targetSeq: BigInt(target.seq) };
    await this.#attempt(operation, (way, timeoutMs) => this.#chat(way).deleteMessage(request, this.#as(timeoutMs)));
  }

  async #decide({ verb, ask }: Decision): Promise<void> {
    const operation = this.#operation(verb);
    await this.#attempt(operation, (way, timeoutMs) => ask(this.#chat(way), operation, this.#as(timeoutMs)));
  }

  /** Sets marks to the last own message, and then to one that is mostly below it. */
  async #mark(): Promise<void> {
    const { below } = this.#options;
    for (const own of [this.#own.at(-1), this.#own[below(Math.max(1, this.#own.length))]]) {
      if (own) await this.#setMarks(own.seq);
    }
  }

  /** It may fail, but what is acknowledged holds. */
  async #setMarks(askedSeq: number): Promise<void> {
    const { person, conversationId, below, noteMark } = this.#options;
    const seq = BigInt(askedSeq);
    const request = { clientId: uuidv7(), conversationId, readSeq: seq, deliveredSeq: seq };
    const answer = await this.#chat(below(9))
      .setMarks(request, this.#as(attemptMs))
      .catch(() => undefined);
    if (!answer?.marks) return;
    const [readSeq, deliveredSeq] = [Number(answer.marks.readSeq), Number(answer.marks.deliveredSeq)];
    noteMark({ userId: person.userId, conversationId, askedSeq, readSeq, deliveredSeq });
  }

  /** What was acknowledged is read so many gateways on; a read may fail, but not answer without it. */
  async #readBack({ seq, after, way }: Acknowledgement, further: number): Promise<void> {
    const { conversationId, notice } = this.#options;
    const request = { conversationId, fromSeq: seq, toSeq: seq, after };
    const answer = await this.#chat(way + further)
      .listEvents(request, this.#as(attemptMs))
      .catch(() => undefined);
    if (!answer || answer.events.some((event) => event.seq === seq)) return;
    notice({ promise: "P8", kind: "lost", what: `${conversationId} at ${seq} was acknowledged and is not read` });
  }

  #pickOwn(): Own | undefined {
    const living = this.#own.filter(({ isDeleted }) => !isDeleted);
    return living[this.#options.below(Math.max(1, living.length))];
  }

  #remember(seq: number): void {
    this.#own.push({ seq, isDeleted: false });
    if (this.#own.length > maxOwn) this.#own.shift();
  }

  #operation(verb: Verb, targetSeq?: number): Operation {
    const { person, conversationId, note } = this.#options;
    const clientId = uuidv7();
    const operation: Operation = {
      verb,
      userId: person.userId,
      deviceId: person.writer.deviceId,
      conversationId,
      clientId,
      text: saying.has(verb) ? `${verb} ${clientId}` : "",
      ...(targetSeq === undefined ? {} : { targetSeq }),
      lane: this.#name,
      turn: this.#turn++,
      begunMs: performance.now(),
      endedMs: Number.POSITIVE_INFINITY,
      acknowledged: [],
      unknown: false,
    };
    note(operation);
    return operation;
  }

  async #attempt(
    operation: Operation,
    call: (way: number, timeoutMs: number) => Promise<Omit<Acknowledgement, "way">>,
    shift = 0,
  ): Promise<Acknowledgement | undefined> {
    const tries = operation.targetSeq === undefined ? Number.POSITIVE_INFINITY : maxTriesWithTarget;
    return await attempt(operation, operation.turn + shift, this.#options, call, tries);
  }

  #post({ clientId, text }: Operation, way: number, timeoutMs: number) {
    const request = { clientId, conversationId: this.#options.conversationId, content: { text } };
    return this.#chat(way).sendMessage(request, this.#as(timeoutMs));
  }

  #chat(way: number) {
    return this.#options.ways.client(ChatService, way);
  }

  #as(timeoutMs: number) {
    return bearer(this.#options.person.writer.token, { timeoutMs });
  }
}
