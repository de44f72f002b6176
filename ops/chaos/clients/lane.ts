import { setTimeout as wait } from "node:timers/promises";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { Finding, Operation, Verb } from "../evidence.ts";
import { type Acknowledgement, type Attempts, acknowledge, attempt, attemptMs } from "./attempts.ts";
import type { Person } from "./town.ts";
import { bearer } from "./ways.ts";

export interface LaneOptions extends Attempts {
  readonly person: Person;
  readonly conversationId: string;
  /** Somebody whom this lane adds and removes; absent: it does not. */
  readonly guest?: Person | undefined;
  readonly below: (bound: number) => number;
  readonly note: (operation: Operation) => void;
  readonly notice: (finding: Finding) => void;
  /** Time between two operations, on average. */
  readonly paceMs: number;
}

interface Own {
  readonly seq: number;
  isDeleted: boolean;
}

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
  #guestIsIn = true;

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
    const { below, guest } = this.#options;
    const dice = below(100);
    if (guest && dice < 25) return await this.#turnGuest(guest);
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
        if (outcome.case !== "sent") throw new Error("one of many was refused: they are repeated together");
        if (!operation || operation === first) continue;
        acknowledge(operation, Number(outcome.value.seq));
        operation.endedMs = performance.now();
      }
      const [answer] = results;
      return { seq: answer?.outcome.case === "sent" ? answer.outcome.value.seq : 0n, after };
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

  async #turnGuest(guest: Person): Promise<void> {
    const { conversationId } = this.#options;
    const operation = this.#operation(this.#guestIsIn ? "remove" : "add");
    const { clientId } = operation;
    this.#guestIsIn = !this.#guestIsIn;
    await this.#attempt(operation, (way, timeoutMs) => {
      const [chat, as] = [this.#chat(way), this.#as(timeoutMs)];
      if (operation.verb === "remove") return chat.removeMember({ clientId, conversationId, userId: guest.userId }, as);
      return chat.addMembers({ clientId, conversationId, userIds: [guest.userId] }, as);
    });
  }

  /** Nothing is promised of it but that it does not hurt. */
  async #mark(): Promise<void> {
    const seq = this.#own.at(-1)?.seq;
    if (seq === undefined) return;
    const request = { clientId: uuidv7(), conversationId: this.#options.conversationId, readSeq: BigInt(seq) };
    await this.#chat(this.#options.below(9))
      .setMarks(request, this.#as(attemptMs))
      .catch(() => {});
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
      text: verb === "send" || verb === "edit" ? `${verb} ${clientId}` : "",
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
