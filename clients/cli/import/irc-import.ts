import { createIrcClock } from "./irc-clock.ts";
import { type LinePart, lineClientId } from "./irc-ids.ts";
import { type IrcLine, parseIrcLine } from "./irc-lines.ts";

/** An event to bring over. Nicks stand for people. */
export interface IrcItem {
  readonly clientId: string;
  readonly nick: string;
  readonly timeMs: number;
  readonly body:
    | { readonly case: "posted"; readonly text: string; readonly action: boolean }
    | { readonly case: "joined" | "left" }
    | { readonly case: "renamed"; readonly newNick: string };
}

export interface IrcCounts {
  lines: number;
  messages: number;
  joins: number;
  impliedJoins: number;
  leaves: number;
  renames: number;
  /** Joins of who was there, leaves of who was not. */
  unchanged: number;
  empty: number;
  wordless: number;
  unknown: number;
  /** Messages longer than a message may be; their ends are lost. */
  cut: number;
}

/** Turns the lines of a channel's log into events, file after file in the order of their days. */
export interface IrcImport {
  readonly counts: Readonly<IrcCounts>;
  startDay(dayMs: number): void;
  read(line: string): IrcItem[];
}

/** Most bytes of a message's text. */
export const maxTextBytes = 16 * 1024;

/**
 * The rules: a nick, exact case, is a person. Speaking implies a join just before. Joins and leaves count where they
 * change who is there, which carries over between files. A rename is told, but joins nobody and merges nobody.
 */
export function createIrcImport(channel: string): IrcImport {
  const clock = createIrcClock();
  const present = new Set<string>();
  const counts: IrcCounts = {
    lines: 0,
    messages: 0,
    joins: 0,
    impliedJoins: 0,
    leaves: 0,
    renames: 0,
    unchanged: 0,
    empty: 0,
    wordless: 0,
    unknown: 0,
    cut: 0,
  };
  let day = 0;
  let lineNumber = 0;

  const item = (nick: string, body: IrcItem["body"], part: LinePart = "event"): IrcItem => ({
    clientId: lineClientId(channel, day, lineNumber, part),
    nick,
    timeMs: clock.now(),
    body,
  });

  function said(nick: string, text: string, action: boolean): IrcItem[] {
    const joins = present.has(nick) ? [] : [item(nick, { case: "joined" }, "implied-join")];
    present.add(nick);
    counts.impliedJoins += joins.length;
    counts.messages++;
    return [...joins, item(nick, { case: "posted", text: cutText(text, counts), action })];
  }

  function cameOrWent(kind: "joined" | "left", nick: string): IrcItem[] {
    if (present.has(nick) === (kind === "joined")) {
      counts.unchanged++;
      return [];
    }
    if (kind === "joined") present.add(nick);
    else present.delete(nick);
    counts[kind === "joined" ? "joins" : "leaves"]++;
    return [item(nick, { case: kind })];
  }

  function itemsOf(line: IrcLine): IrcItem[] {
    switch (line.kind) {
      case "said":
        return said(line.nick, line.text, line.action);
      case "joined":
      case "left":
        return cameOrWent(line.kind, line.nick);
      case "renamed":
        counts.renames++;
        return [item(line.nick, { case: "renamed", newNick: line.newNick })];
      default:
        counts[line.kind]++;
        return [];
    }
  }

  return {
    counts,
    startDay(dayMs) {
      day = dayMs;
      lineNumber = 0;
      clock.startDay(dayMs);
    },
    read(text) {
      lineNumber++;
      counts.lines++;
      const line = parseIrcLine(text, channel);
      if ("minute" in line && line.minute !== undefined) clock.stamp(line.minute);
      return itemsOf(line);
    },
  };
}

/** The text, or as many of its whole characters as fit. */
function cutText(text: string, counts: IrcCounts): string {
  if (Buffer.byteLength(text) <= maxTextBytes) return text;
  counts.cut++;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxTextBytes));
  return text.slice(0, read);
}
