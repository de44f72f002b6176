import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ImportEventsRequest_Item, ImportEventsRequest_ItemSchema, type Operator } from "@parley/sdk";
import { batchesOf } from "./import-batches.ts";
import type { IrcFile } from "./irc-folder.ts";
import { createIrcImport, type IrcCounts, type IrcImport, type IrcItem } from "./irc-import.ts";
import { readLines } from "./log-lines.ts";
import { createPeople, type People } from "./people.ts";

export interface ImportOptions {
  readonly channel: string;
  readonly conversationId: string;
  readonly files: readonly IrcFile[];
  /** Ends the import before the next call. */
  readonly signal?: AbortSignal;
  /** Called now and then with how much was read. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly lines: number;
  readonly bytes: number;
}

export interface ImportSummary extends IrcCounts {
  readonly people: number;
  /** Events that this run added. */
  readonly added: number;
  /** Events that an earlier run had added. */
  readonly alreadyThere: number;
  readonly seconds: number;
}

/** Events that are read while those before them are sent. */
const chunkItems = 2000;

/**
 * Brings the files over, in order. Holds two chunks of them at a time: one is sent while the next is read and accounts
 * are made for its people. Where it breaks off, the next run passes over what is there and goes on.
 */
export async function runImport(operator: Operator, options: ImportOptions): Promise<ImportSummary> {
  const start = performance.now();
  const log = createIrcImport(options.channel);
  const people = createPeople(operator, options.channel);
  const tally = { added: 0, alreadyThere: 0 };
  let sending: Promise<void> = Promise.resolve();
  for await (const { items, bytes } of readChunks(options.files, log)) {
    options.signal?.throwIfAborted();
    await people.meet(items.flatMap(nicksOf));
    await sending;
    options.onProgress?.({ lines: log.counts.lines, bytes });
    sending = send(operator, options, items, people, tally);
    sending.catch(() => {}); // The next await throws its failure.
  }
  await sending;
  return { ...log.counts, ...tally, people: people.count, seconds: (performance.now() - start) / 1000 };
}

interface Chunk {
  readonly items: IrcItem[];
  /** How far the reader was at its end, nearly: bytes that are not UTF-8 count as what they were decoded to. */
  readonly bytes: number;
}

async function* readChunks(files: readonly IrcFile[], log: IrcImport): AsyncGenerator<Chunk> {
  let items: IrcItem[] = [];
  let bytes = 0;
  for (const { path, dayMs } of files) {
    log.startDay(dayMs);
    for await (const line of readLines(path)) {
      bytes += Buffer.byteLength(line) + 1;
      items.push(...log.read(line));
      if (items.length < chunkItems) continue;
      yield { items, bytes };
      items = [];
    }
  }
  yield { items, bytes };
}

async function send(
  operator: Operator,
  { conversationId, signal }: ImportOptions,
  items: readonly IrcItem[],
  people: People,
  tally: { added: number; alreadyThere: number },
): Promise<void> {
  for (const batch of batchesOf(items)) {
    signal?.throwIfAborted();
    const request = { conversationId, items: batch.map((item) => toRequestItem(item, people)) };
    const { results } = await operator.chat.importEvents(request);
    for (const { duplicate, seq } of results) {
      if (duplicate) tally.alreadyThere++;
      else if (seq > 0n) tally.added++;
    }
  }
}

function toRequestItem(item: IrcItem, people: People): ImportEventsRequest_Item {
  const { clientId, nick, timeMs } = item;
  const time = timestampFromMs(timeMs);
  const base = { clientId, authorId: people.idOf(nick), time };
  return create(ImportEventsRequest_ItemSchema, { ...base, body: bodyOf(item, people) });
}

function bodyOf({ nick, body }: IrcItem, people: People) {
  switch (body.case) {
    case "posted":
      return { case: "posted", value: { text: body.text, action: body.action } } as const;
    case "renamed": {
      const value = { userId: people.idOf(body.newNick), oldName: nick, newName: body.newNick };
      return { case: "nameChanged", value } as const;
    }
    default:
      return { case: body.case, value: true } as const;
  }
}

function nicksOf({ nick, body }: IrcItem): string[] {
  return body.case === "renamed" ? [nick, body.newNick] : [nick];
}
