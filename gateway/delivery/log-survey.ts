import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import { type EventLog, lastPosition } from "#platform/log/event-log.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import { SurveyPage } from "./survey-page.ts";

/** Positions at which pages begin where nothing else says so: those who look for nearly the same share a page. */
export const pageAlignment = 4096;
/** Bytes of records that are read for one page. */
const pageBytes = 2 * 1024 * 1024;
/** Most positions of which pages are kept; the pages used longest ago go first. */
const maxPositions = 2_000_000;
/** Records that are decoded in one turn. */
const recordsATurn = 32;

/**
 * Which numbers of which conversations stand where in the log below the ring. A stretch is read once, however many
 * streams ask for it: what stands at a position never changes. Content is not taken from here: the log still holds what
 * was deleted.
 */
export class LogSurvey {
  readonly #log: EventLog;
  /** The pages used last come last. */
  readonly #pages = new Set<SurveyPage>();
  readonly #byShard = new Map<number, SurveyPage[]>();
  /** One read of a shard at a time: who waits for it finds the page, or reads the next one. */
  readonly #reading = new Map<number, Promise<boolean>>();
  /** Where the log begins, as far as is known. */
  readonly #begins = new Map<number, number>();
  #positions = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The page that holds the position, or undefined where the log no longer has it. */
  async pageAt(shard: number, position: number): Promise<SurveyPage | undefined> {
    for (;;) {
      const page = this.#find(shard, position);
      if (page) return page;
      if (position < (this.#begins.get(shard) ?? 0)) return undefined;
      const underWay = this.#reading.get(shard);
      if (underWay) await underWay;
      else if (!(await this.#read(shard, position))) return undefined;
    }
  }

  #find(shard: number, position: number): SurveyPage | undefined {
    const page = this.#byShard.get(shard)?.find(({ first, last }) => first <= position && position <= last);
    if (page && this.#pages.delete(page)) this.#pages.add(page);
    return page;
  }

  /** False: nothing was found. */
  #read(shard: number, position: number): Promise<boolean> {
    const reading = this.#readPage(shard, position).finally(() => this.#reading.delete(shard));
    this.#reading.set(shard, reading);
    return reading;
  }

  async #readPage(shard: number, position: number): Promise<boolean> {
    const pages = this.#byShard.get(shard) ?? [];
    const before = pages.findLast(({ last }) => last < position)?.last ?? 0;
    const first = Math.max(before + 1, position - ((position - 1) % pageAlignment));
    const records = await this.#log.read(shard, first, pageBytes);
    const begins = Number(records[0]?.position ?? 0);
    if (begins > first) this.#begins.set(shard, Math.max(begins, this.#begins.get(shard) ?? 0));
    const end = pages.find((page) => page.first > position)?.first ?? Number.POSITIVE_INFINITY;
    const page = await pageOf(records, Math.max(first, begins), end);
    if (page.last < page.first) return false;
    this.#keep(shard, page);
    return true;
  }

  #keep(shard: number, page: SurveyPage): void {
    const pages = [...(this.#byShard.get(shard) ?? []), page].sort((a, b) => a.first - b.first);
    this.#byShard.set(shard, pages);
    this.#pages.add(page);
    this.#positions += page.last - page.first + 1;
    for (const oldest of this.#pages) {
      if (this.#positions <= maxPositions || oldest === page) return;
      this.#drop(oldest);
    }
  }

  #drop(page: SurveyPage): void {
    this.#pages.delete(page);
    this.#positions -= page.last - page.first + 1;
    for (const [shard, pages] of this.#byShard) {
      if (pages.includes(page)) this.#byShard.set(shard, pages.toSpliced(pages.indexOf(page), 1));
    }
  }
}

/** What the records hold from `first` on, and before `end`. */
async function pageOf(records: readonly LogRecord[], first: number, end: number): Promise<SurveyPage> {
  const page = new SurveyPage(first);
  for (const [index, record] of records.entries()) {
    if (index % recordsATurn === recordsATurn - 1) await nextTurn();
    if (Number(record.position) >= end) return page;
    for (const [nth, entry] of record.entries.entries()) {
      const position = Number(record.position) + nth;
      if (position < first || position >= end || entry.event.length === 0) continue;
      const event = fromBinary(EventSchema, entry.event);
      page.add(position, conversationId(event.conversationId), event);
    }
    page.last = Math.min(lastPosition(record), end - 1);
  }
  return page;
}
