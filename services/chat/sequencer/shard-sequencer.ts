import { setTimeout as wait } from "node:timers/promises";
import { type AppendResult, AppendUnknown, maxRecordEntries } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { chatErrors } from "../errors.ts";
import type { Command, Outcome } from "./command.ts";
import { CommandQueue } from "./command-queue.ts";
import { Group } from "./group.ts";
import { GroupSpacing } from "./group-spacing.ts";
import { notOwnerOf } from "./not-owner.ts";
import { PendingCommands, type WaitingCommand } from "./pending-commands.ts";
import { type Prepared, prepareCommands } from "./prepare-commands.ts";
import type { SequencerOptions } from "./sequencer-options.ts";
import { SequencerState, sentIdOf } from "./sequencer-state.ts";
import { ShardTenure, type Surroundings } from "./shard-tenure.ts";
import type { Ownership } from "./take-over.ts";

/** Entries that the log may hold beyond the store before commands are refused. */
const maxUnprojectedEntries = 1_000_000;
/** The same in bytes of events. */
const maxUnprojectedBytes = 128 * 1024 * 1024;

/**
 * Sequences one shard. One append is in flight at a time; commands that come meanwhile wait undecided, and are decided
 * together once it has settled.
 */
export class ShardSequencer {
  readonly #shard: number;
  readonly #options: SequencerOptions;
  readonly #state: SequencerState;
  readonly #queue = new CommandQueue<WaitingCommand>();
  readonly #pending = new PendingCommands();
  readonly #room: Surroundings["room"];
  readonly #tenure: ShardTenure;
  readonly #spacing = new GroupSpacing();
  #running: Promise<void> | undefined;

  constructor(shard: number, options: SequencerOptions, surroundings: Surroundings) {
    this.#shard = shard;
    this.#options = options;
    this.#room = surroundings.room;
    this.#tenure = new ShardTenure(shard, options, surroundings);
    this.#state = new SequencerState(options);
  }

  /** Whether commands are admitted: the shard is owned, or being taken over. */
  get isHeld(): boolean {
    return this.#tenure.isHeld;
  }

  /** The shard is to be owned here: admits commands, which wait until it is taken over. */
  gain(): void {
    this.#tenure.gain();
  }

  /** Admits no more commands and finishes those that wait; where the shard was not owned yet, nothing was decided. */
  async lose(): Promise<void> {
    await this.#tenure.lose(() => this.#running);
    this.#state.clear();
  }

  /** Resolves once the shard is owned, where it is held. */
  taken(): Promise<void> {
    return this.#tenure.taken;
  }

  notReady(): string | undefined {
    const stopped = this.#options.following.stopped(this.#shard);
    if (stopped !== undefined || this.#tenure.isOwned) return stopped;
    if (!this.#tenure.isHeld) return `no process owns shard ${this.#shard}`;
    return `shard ${this.#shard} waits for the log to take a record: see that it has room and most of its servers`;
  }

  submit(commands: readonly Command[]): Promise<Outcome>[] {
    const refusal = this.#refusal() ?? (this.#queue.hasRoom(commands) ? undefined : chatErrors.OVERLOADED());
    const outcomes = commands.map((command) => {
      const repeated = this.#pending.repeated(command);
      if (repeated) return repeated;
      if (refusal) return Promise.reject(refusal);
      const waiting = this.#pending.add(command);
      this.#queue.push(waiting);
      return waiting.outcome;
    });
    this.#wake();
    return outcomes;
  }

  #refusal(): ServiceError | undefined {
    const { following } = this.#options;
    if (following.stopped(this.#shard) || !this.#tenure.isHeld) return this.#notOwned();
    const { entries, bytes } = following.behind(this.#shard);
    return entries > maxUnprojectedEntries || bytes > maxUnprojectedBytes ? chatErrors.STORE_BEHIND() : undefined;
  }

  #notOwned(): ServiceError {
    return this.#options.following.stopped(this.#shard) ? chatErrors.SHARD_STOPPED() : notOwnerOf(this.#shard);
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#wake();
    });
  }

  async #run(): Promise<void> {
    // Commands of the same turn share the first group.
    await Promise.resolve();
    await this.#tenure.taken;
    while (this.#queue.length > 0) {
      await this.#spaceOut();
      const taken = this.#queue.take(maxRecordEntries);
      const owned = this.#tenure.owned();
      if (!owned) {
        for (const waiting of taken) waiting.reject(this.#notOwned());
        continue;
      }
      try {
        await this.#sequence(taken, owned);
      } catch (error) {
        this.#options.logger.error({ err: error, shard: this.#shard }, "group failed");
        this.#state.clear();
        for (const waiting of taken) waiting.reject(chatErrors.OUTCOME_UNKNOWN({ cause: error }));
      }
    }
  }

  /** A group that is full already would not become fuller. */
  async #spaceOut(): Promise<void> {
    const ms = this.#queue.length < maxRecordEntries ? this.#spacing.waitMs(performance.now()) : 0;
    if (ms > 0) await wait(ms);
  }

  async #sequence(taken: readonly WaitingCommand[], owned: Ownership): Promise<void> {
    this.#state.beginGroup();
    const prepared = await prepareCommands(taken, { shard: this.#shard, state: this.#state, ...this.#options });
    const { incarnation, clock } = this.#options;
    const nowMs = clock();
    const group = new Group({
      shard: this.#shard,
      incarnation,
      nowMs,
      isShort: this.#room.isShort(this.#shard),
      ...owned,
    });
    const { decided, rest } = this.#decide(group, prepared, nowMs);
    if (decided.length === 0) return;
    const begunMs = performance.now();
    const again = await this.#append(group, decided, owned);
    const senders = new Set(taken.map(({ command }) => command.deviceId));
    this.#spacing.appended(begunMs, performance.now(), senders.size > 1 || this.#queue.length > 0);
    this.#queue.putBack([...again, ...rest]);
  }

  /** Decides as many as the group can take; the rest is for the next one. */
  #decide(group: Group, prepared: readonly Prepared[], nowMs: number): { decided: Decided[]; rest: WaitingCommand[] } {
    const decided: Decided[] = [];
    for (const [index, { waiting, known }] of prepared.entries()) {
      try {
        const entry = group.add(waiting.command, known, nowMs);
        if (entry === "full") return { decided, rest: prepared.slice(index).map((later) => later.waiting) };
        decided.push({ waiting, entry });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        // A refusal rests on what the group did so far: it is told once that has settled.
        decided.push({ waiting, entry: error });
      }
    }
    return { decided, rest: [] };
  }

  /** Returns the commands that are to be decided again. */
  async #append(group: Group, decided: readonly Decided[], owned: Ownership): Promise<WaitingCommand[]> {
    const { logger } = this.#options;
    try {
      const result = await this.#write(group, owned);
      if (result === "appended") {
        await this.#tenure.appended(owned, group.entries.length);
        group.commit();
        this.#settled(group, decided);
        return [];
      }
      if (result === "full" || result === "too-large") {
        for (const { waiting } of decided) waiting.reject(chatErrors.LOG_FULL());
        return [];
      }
    } catch (error) {
      if (!(error instanceof AppendUnknown)) throw error;
      logger.warn({ err: error, shard: this.#shard }, "outcome of an append is unknown");
    }
    // What was decided is decided from the start.
    this.#state.clear();
    await this.#tenure.settle(owned);
    return decided.map(({ waiting }) => waiting);
  }

  /** Where nothing is to be appended, the answers hold if nothing was: another owner would have moved the tail. */
  async #write(group: Group, { tail }: Ownership): Promise<AppendResult> {
    const { log } = this.#options;
    if (group.entries.length > 0) return log.append(this.#shard, tail, group.record());
    const now = await log.tail(this.#shard).catch((cause) => {
      throw new AppendUnknown("whether the shard is still owned can't be told", { cause });
    });
    return now === tail ? "appended" : "wrong-tail";
  }

  #settled(group: Group, decided: readonly Decided[]): void {
    for (const { waiting, entry } of decided) {
      if (entry instanceof ServiceError) waiting.reject(entry);
      else waiting.resolve(entry === "nothing" ? this.#nothing(group, waiting.command) : this.#sent(waiting, entry));
    }
  }

  #sent({ command }: WaitingCommand, entry: FollowedEntry): Outcome {
    const sent = sentIdOf(entry);
    this.#state.remember(command, sent);
    return { ...sent, position: entry.position, duplicate: false, happened: true };
  }

  #nothing(group: Group, { conversationId }: Command): Outcome {
    const view = group.view(conversationId);
    return {
      seq: view?.headSeq ?? 0,
      messageCount: view?.messageCount ?? 0,
      timeMs: view?.headTimeMs ?? 0,
      position: this.#options.following.tail(this.#shard),
      duplicate: false,
      happened: false,
    };
  }
}

interface Decided {
  readonly waiting: WaitingCommand;
  readonly entry: FollowedEntry | "nothing" | ServiceError;
}
