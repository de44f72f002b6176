import { AppendUnknown, maxRecordEntries } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { chatErrors } from "../errors.ts";
import type { Command, Outcome } from "./command.ts";
import { CommandQueue } from "./command-queue.ts";
import { Group } from "./group.ts";
import { notOwnerOf } from "./not-owner.ts";
import { Deposed, type Ownership, takeOver } from "./ownership.ts";
import { PendingCommands, type WaitingCommand } from "./pending-commands.ts";
import type { SequencerOptions } from "./sequencer-options.ts";
import { type KnownConversation, SequencerState, sentIdOf } from "./sequencer-state.ts";

/** Entries that the log may hold beyond the store before commands are refused. */
const maxUnprojectedEntries = 1_000_000;
/** The same in bytes of events. */
const maxUnprojectedBytes = 128 * 1024 * 1024;
/** How long letting go of a shard waits for commands whose outcome can't be settled. */
const loseGraceMs = 5_000;

interface Prepared {
  readonly waiting: WaitingCommand;
  readonly known: KnownConversation;
}

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
  readonly #giveUp: (shard: number) => void;
  #isHeld = false;
  #ending = new AbortController();
  #ownership: Ownership | undefined;
  /** Resolves once the shard is owned, or given up before. */
  #taking = Promise.resolve();
  #isTaking = false;
  #running: Promise<void> | undefined;

  /** `giveUp` is called where another process turns out to own the shard. */
  constructor(shard: number, options: SequencerOptions, giveUp: (shard: number) => void) {
    this.#shard = shard;
    this.#options = options;
    this.#giveUp = giveUp;
    this.#state = new SequencerState(options);
  }

  /** Whether commands are admitted: the shard is owned, or being taken over. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The shard is to be owned here: admits commands, which wait until it is taken over. */
  gain(): void {
    this.#isHeld = true;
    this.#ending = new AbortController();
    this.#taking = this.#takeOver();
  }

  /** Admits no more commands and finishes those that wait; where the shard was not owned yet, nothing was decided. */
  async lose(): Promise<void> {
    this.#isHeld = false;
    const end = () => this.#ending.abort(new Error("the shard is let go"));
    if (this.#isTaking) end();
    const grace = setTimeout(end, loseGraceMs);
    await this.#taking;
    await this.#running;
    clearTimeout(grace);
    end();
    this.#ownership = undefined;
    this.#state.clear();
  }

  /** Resolves once the shard is owned, where it is held. */
  taken(): Promise<void> {
    return this.#taking;
  }

  async #takeOver(): Promise<void> {
    const { following, logger } = this.#options;
    if (following.stopped(this.#shard)) return;
    this.#isTaking = true;
    try {
      await this.#own(following.tail(this.#shard) + 1, following.epoch(this.#shard), false);
    } catch (error) {
      if (!this.#ending.signal.aborted) logger.error({ err: error, shard: this.#shard }, "shard can't be taken over");
    } finally {
      this.#isTaking = false;
    }
  }

  notReady(): string | undefined {
    return this.#options.following.stopped(this.#shard) ?? (this.#ownership ? undefined : "shard is not owned");
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
    if (following.stopped(this.#shard)) return chatErrors.SHARD_STOPPED();
    if (!this.#isHeld) return notOwnerOf(this.#shard);
    const { entries, bytes } = following.behind(this.#shard);
    return entries > maxUnprojectedEntries || bytes > maxUnprojectedBytes ? chatErrors.STORE_BEHIND() : undefined;
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
    await this.#taking;
    while (this.#queue.length > 0) {
      const taken = this.#queue.take(maxRecordEntries);
      const owned = this.#stillOwned();
      if (!owned) {
        for (const waiting of taken) waiting.reject(notOwnerOf(this.#shard));
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

  /** What is followed may show a newer owner: then nothing is decided on a state that is past. */
  #stillOwned(): Ownership | undefined {
    if (this.#ownership && this.#options.following.epoch(this.#shard) > this.#ownership.epoch) this.#depose();
    return this.#ownership;
  }

  #depose(): void {
    this.#options.logger.warn({ shard: this.#shard }, "deposed: another process owns the shard");
    this.#ownership = undefined;
    this.#isHeld = false;
    this.#giveUp(this.#shard);
  }

  async #sequence(taken: readonly WaitingCommand[], owned: Ownership): Promise<void> {
    this.#state.beginGroup();
    const prepared: Prepared[] = [];
    for (const waiting of taken) {
      const known = await this.#prepare(waiting);
      if (known) prepared.push({ waiting, known });
    }
    const { incarnation, clock } = this.#options;
    const nowMs = clock();
    const group = new Group({ shard: this.#shard, incarnation, nowMs, ...owned });
    const { decided, rest } = this.#decide(group, prepared, nowMs);
    if (group.entries.length === 0) return this.#settled(group, decided);
    const again = await this.#append(group, decided, owned);
    this.#queue.putBack([...again, ...rest]);
  }

  /** Loads what the decision needs; answers repetitions. Undefined where nothing is left to decide. */
  async #prepare(waiting: WaitingCommand): Promise<KnownConversation | undefined> {
    const { command } = waiting;
    if (!waiting.isAwaited()) {
      waiting.reject(chatErrors.OUTCOME_UNKNOWN({ message: "nobody waits for it" }));
      return undefined;
    }
    const known = await this.#state.load(command.conversationId, command.users);
    const committed = await this.#state.committed(command, command.clientId);
    if (!committed) return known;
    if (Buffer.compare(committed.contentHash, command.contentHash) !== 0) waiting.reject(chatErrors.CLIENT_ID_REUSED());
    else {
      const position = this.#options.following.tail(this.#shard);
      waiting.resolve({ ...committed, position, duplicate: true, happened: true });
    }
    return undefined;
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
  async #append(group: Group, decided: readonly Decided[], { tail, epoch }: Ownership): Promise<WaitingCommand[]> {
    const { log, following } = this.#options;
    try {
      const result = await log.append(this.#shard, tail, group.record());
      if (result === "appended") {
        this.#ownership = { tail: tail + group.entries.length, epoch };
        await following.reached(this.#shard, this.#ownership.tail, Number.POSITIVE_INFINITY, this.#ending.signal);
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
      this.#options.logger.warn({ err: error, shard: this.#shard }, "outcome of an append is unknown");
    }
    await this.#settle(tail, epoch);
    return decided.map(({ waiting }) => waiting);
  }

  /** After an unknown outcome or a wrong tail: owns the shard again; what was decided is decided from the start. */
  async #settle(tail: number, epoch: number): Promise<void> {
    this.#state.clear();
    await this.#own(tail + 1, epoch, true);
  }

  async #own(from: number, epoch: number, settling: boolean): Promise<void> {
    const { log, owner, incarnation, clock, following } = this.#options;
    this.#ownership = undefined;
    try {
      const signal = this.#ending.signal;
      const owned = await takeOver({
        log,
        shard: this.#shard,
        owner,
        incarnation,
        clock,
        from,
        epoch,
        settling,
        signal,
      });
      await following.reached(this.#shard, owned.tail, Number.POSITIVE_INFINITY, signal);
      this.#ownership = owned;
    } catch (error) {
      if (error instanceof Deposed) this.#depose();
      throw error;
    }
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
