import { createInterface } from "node:readline";
import type { Conversation, Parley } from "@parley/sdk";
import type { Context } from "../context.ts";
import { formatTime, speaker, textOf } from "../message-line.ts";
import { createNames, type Names } from "../names.ts";
import { writeLine } from "../terminal/io.ts";
import { obey } from "./full-screen.ts";
import type { ChatEntry, ChatState } from "./model.ts";
import { openRoom } from "./room.ts";

/**
 * Chats line by line, for pipes: prints each message once it has its number, sends each line of standard input, and
 * ends when that ends and everything is sent.
 */
export async function chatInLines(context: Context, parley: Parley, conversation: Conversation): Promise<void> {
  const { io, url, paint } = context;
  const names = createNames(parley);
  const stopped = new AbortController();
  const signal = AbortSignal.any([io.signal, stopped.signal]);
  const printer = createPrinter((entry) => writeLine(io.stdout, entryLine(entry, names, paint)));
  const room = openRoom({ parley, conversation, names, url, onChange: printer.print });
  const following = room.follow(signal);
  const typing = (async () => {
    await Promise.race([room.loaded, following]);
    for await (const line of createInterface({ input: io.stdin, signal }))
      await obey(room, line, () => stopped.abort());
    await parley.outbox.flush();
    await printer.finish();
    stopped.abort();
  })();
  try {
    await Promise.race([following, typing.then(() => following)]);
  } finally {
    await room.close();
  }
}

interface Printer {
  print(state: ChatState): void;
  /** Resolves once everything is written. */
  finish(): Promise<void>;
}

/** Prints entries in their order, each once; one that is on its way waits, and later ones after it. */
function createPrinter(write: (entry: ChatEntry) => Promise<unknown>): Printer {
  const told = new WeakSet<ChatEntry>();
  let lastSeq = 0n;
  let writing: Promise<unknown> = Promise.resolve();
  const isDue = (entry: ChatEntry) => {
    if (entry.seq !== undefined) return entry.seq > lastSeq;
    return !told.has(entry) && (entry.kind === "notice" || entry.refused !== undefined);
  };
  return {
    print({ entries }) {
      for (const entry of entries) {
        if (!isDue(entry)) continue;
        told.add(entry);
        lastSeq = entry.seq ?? lastSeq;
        writing = writing.then(() => write(entry));
      }
    },
    async finish() {
      await writing;
    },
  };
}

function entryLine(entry: ChatEntry, names: Names, paint: Context["paint"]): string {
  const time = paint("dim", formatTime(entry.time));
  if (entry.kind === "notice") return `${time} ${paint("dim", entry.text)}`;
  const name = names.of(entry.authorId);
  const said = entry.deleted ? paint("dim", "(deleted)") : textOf(entry.content).replaceAll("\n", "\n    ");
  const refused = entry.refused === undefined ? "" : ` ✗ ${entry.refused}`;
  return `${time} ${speaker(entry.content, name, paint)}${said}${refused}`;
}
