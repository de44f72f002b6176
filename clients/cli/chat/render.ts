import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Status } from "@parley/sdk";
import stringWidth from "string-width";
import { formatClock, formatTime, textOf } from "../message-line.ts";
import type { Names } from "../names.ts";
import { type EditedLine, viewLine } from "../terminal/line-editor.ts";
import type { Paint } from "../terminal/paint.ts";
import { fitText, padText, wrapText } from "../terminal/wrap.ts";
import { type ChatEntry, type ChatMessage, type ChatState, type Tick, tickOf } from "./model.ts";

export interface ChatView {
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** Lines between the window's lower edge and the last line. */
  readonly scroll: number;
  readonly input: EditedLine;
  readonly names: Names;
  readonly paint: Paint;
}

export interface Frame {
  /** As many as the view has rows. */
  readonly lines: readonly string[];
  /** Where the cursor is, in the last row. */
  readonly cursorColumn: number;
}

const prompt = "> ";
/** Rows that are not messages: title, status, input. */
const frameRows = 3;
const ticks: Readonly<Record<Tick, string>> = { waiting: "…", refused: "✗", sent: "✓", delivered: "✓✓", read: "✓✓" };
/** Columns kept free for ticks. */
const tickColumns = 3;

/** The whole window for a state: nothing in it depends on anything else. */
export function renderChat(state: ChatState, view: ChatView): Frame {
  const { columns, paint } = view;
  const height = Math.max(1, view.rows - frameRows);
  const body = renderBody(state, view, height + view.scroll);
  const shown = body.slice(Math.max(0, body.length - view.scroll - height), Math.max(0, body.length - view.scroll));
  const title = padText(fitText(` ${view.title}${presenceText(state)}${connectionText(state)}`, columns), columns);
  const { shown: typed, column } = viewLine(view.input, columns - prompt.length - 1);
  return {
    lines: [
      paint("inverse", title),
      ...Array.from({ length: height - shown.length }, () => ""),
      ...shown,
      paint("dim", fitText(statusText(state, view), columns)),
      prompt + typed,
    ],
    cursorColumn: prompt.length + column,
  };
}

/** The last lines, at least as many as `wanted` where there are so many. */
function renderBody(state: ChatState, view: ChatView, wanted: number): string[] {
  const blocks: string[][] = [];
  let count = 0;
  for (let index = state.entries.length - 1; index >= 0 && count < wanted; index--) {
    const entry = state.entries[index];
    if (!entry) continue;
    const block = [...separators(state, state.entries[index - 1], entry, view), ...renderEntry(state, entry, view)];
    blocks.push(block);
    count += block.length;
  }
  return blocks.reverse().flat();
}

function separators(state: ChatState, before: ChatEntry | undefined, entry: ChatEntry, view: ChatView): string[] {
  const lines: string[] = [];
  if (before?.time.toDateString() !== entry.time.toDateString()) {
    const day = entry.time.toLocaleDateString("en-GB", {
      weekday: "long",
      day: "numeric",
      month: "long",
      year: "numeric",
    });
    lines.push(view.paint("dim", rule(day, view.columns)));
  }
  if (isUnread(state, entry) && !(before && isUnread(state, before))) {
    lines.push(view.paint("yellow", rule("unread", view.columns)));
  }
  return lines;
}

function isUnread({ readUpTo, selfId }: ChatState, entry: ChatEntry): boolean {
  if (readUpTo === undefined || entry.seq === undefined || entry.kind !== "message") return false;
  return entry.seq > readUpTo && entry.authorId !== selfId;
}

function rule(label: string, columns: number): string {
  const left = "─".repeat(Math.max(2, Math.floor((columns - stringWidth(label) - 2) / 2)));
  return fitText(`${left} ${label} ${left}`, columns);
}

function renderEntry(state: ChatState, entry: ChatEntry, view: ChatView): string[] {
  const clock = formatClock(entry.time);
  const indent = " ".repeat(clock.length + 1);
  const width = view.columns - indent.length - tickColumns;
  const lines =
    entry.kind === "notice" ? noticeLines(entry.text, width, view) : messageLines(state, entry, width, view);
  return lines.map((line, index) => (index === 0 ? `${view.paint("dim", clock)} ${line}` : indent + line));
}

function noticeLines(text: string, width: number, { paint }: ChatView): string[] {
  return wrapText(text, width).map((line) => paint("dim", line));
}

function messageLines(state: ChatState, entry: ChatMessage, width: number, view: ChatView): string[] {
  const { names, paint } = view;
  const own = entry.authorId === state.selfId;
  const name = own ? "you" : names.of(entry.authorId);
  const head = entry.content?.action ? `* ${name} ` : `${name}: `;
  const said = entry.deleted ? "(deleted)" : textOf(entry.content) + (entry.edited ? " (edited)" : "");
  const lines = wrapText(head + said, width);
  const first = lines[0] ?? "";
  if (first.startsWith(head.trimEnd())) {
    const painted = paint(["bold", own ? "cyan" : colourOf(entry.authorId)], head.trimEnd());
    lines[0] = painted + first.slice(head.trimEnd().length);
  }
  if (own && !entry.deleted) lines[lines.length - 1] = `${lines.at(-1)} ${paintTick(tickOf(state, entry), paint)}`;
  if (entry.refused !== undefined) lines.push(...wrapText(entry.refused, width).map((line) => paint("red", line)));
  return lines;
}

function paintTick(tick: Tick, paint: Paint): string {
  return paint(tick === "read" ? "cyan" : tick === "refused" ? "red" : "dim", ticks[tick]);
}

const colours = ["green", "yellow", "blue", "magenta", "greenBright", "yellowBright", "blueBright"] as const;

/** The same colour for a person each time. */
function colourOf(userId: string): (typeof colours)[number] {
  const sum = [...userId].reduce((total, char) => (total * 31 + char.charCodeAt(0)) % 9973, 7);
  return colours[sum % colours.length] ?? "green";
}

function presenceText({ presence }: ChatState): string {
  if (presence?.status === Status.ONLINE) return " · online";
  if (presence?.status === Status.AWAY) return " · away";
  return presence?.lastSeenAt ? ` · last seen ${formatTime(timestampDate(presence.lastSeenAt))}` : "";
}

function connectionText({ connection }: ChatState): string {
  return connection === "live" ? "" : connection === "connecting" ? " · connecting…" : " · offline, trying again";
}

function statusText({ typing }: ChatState, { names, scroll }: ChatView): string {
  if (scroll > 0) return "  ↓ more below (PgDn)";
  const people = [...typing.keys()].map((userId) => names.of(userId));
  if (people.length === 0) return "";
  if (people.length > 3) return "  several people are typing…";
  return `  ${people.join(", ")} ${people.length === 1 ? "is" : "are"} typing…`;
}
