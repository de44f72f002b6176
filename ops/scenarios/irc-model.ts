import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The rules of `parley import irc`, once more and naively: everything at once in memory, by string operations. Shares no
 * code with the importer, which is compared with it entry by entry.
 */
export interface IrcModel {
  /** What follows the creation of the channel: the event at index 0 has `seq` 2. */
  readonly events: ModelEvent[];
  readonly members: Set<string>;
  readonly nicks: Set<string>;
  readonly emptyLines: number;
  readonly lines: number;
  /** Unread messages of a nick that ever joined and has read up to `mark`. */
  unread(nick: string, mark: number): number;
}

export interface ModelEvent {
  readonly kind: "posted" | "joined" | "left" | "renamed";
  readonly nick: string;
  readonly time: number;
  /** The message; of a rename the new nick. */
  readonly text: string;
  readonly action: boolean;
}

export function modelOfFolder(folder: string, channel: string): IrcModel {
  const events: ModelEvent[] = [];
  const members = new Set<string>();
  const nicks = new Set<string>();
  let [time, lines, emptyLines] = [0, 0, 0];
  for (const file of readdirSync(folder).sort()) {
    if (file.length !== "2004-12-25.txt".length || !file.endsWith(".txt")) continue;
    let day = new Date(file.slice(0, 10)).getTime();
    let hour = 0;
    const add = (kind: ModelEvent["kind"], nick: string, text = "", action = false) => {
      nicks.add(nick);
      if (kind === "renamed") nicks.add(text);
      events.push({ kind, nick, time, text, action });
    };
    const speak = (nick: string, text: string, action: boolean) => {
      if (nick === "" || text.trim() === "") return;
      if (!members.has(nick)) add("joined", nick);
      members.add(nick);
      add("posted", nick, text, action);
    };
    time = Math.max(time, day);
    for (const line of linesOf(join(folder, file))) {
      lines++;
      if (line.trim() === "") emptyLines++;
      if (line[0] === "[" && line[3] === ":" && line[6] === "]" && line.slice(1, 3) < "24" && line.slice(4, 6) < "60") {
        const now = Number(line.slice(1, 3)) + Number(line.slice(4, 6)) / 60;
        if (now < hour - 12) day += 24 * 3_600_000;
        hour = now;
        time = Math.max(time, day + Math.round(now * 60) * 60_000);
        const said = line.slice(7);
        if (said.startsWith(" <") && said.includes(">")) {
          const end = said.indexOf(">");
          const text = said.slice(end + 1);
          speak(unblank(said.slice(2, end)), text.startsWith(" ") ? text.slice(1) : text, false);
        } else if (said.startsWith("  * ")) {
          const [nick = "", ...words] = said.slice(4).split(" ");
          speak(nick, words.join(" "), true);
        }
      } else if (line.startsWith("=== ")) {
        const notice = line.slice(4);
        const [left, right] = [before(notice, " is now known as "), after(notice, " is now known as ")];
        const comer = comerOf(notice, " has joined ", channel);
        const goer = comerOf(notice, " has left ", channel);
        if (right) add("renamed", unblank(left), unblank(right));
        else if (comer && !members.has(comer)) add("joined", comer);
        else if (goer && members.has(goer)) add("left", goer);
        if (comer) members.add(comer);
        if (goer) members.delete(goer);
      }
    }
  }
  return { events, members, nicks, emptyLines, lines, unread: unreadOf(events) };
}

function unreadOf(events: ModelEvent[]): IrcModel["unread"] {
  return (nick, mark) => {
    const mine = events.map((event, index) => ({ ...event, seq: index + 2 })).filter((event) => event.nick === nick);
    const last = (kind: string) => mine.findLast((event) => event.kind === kind)?.seq ?? 0;
    const end = last("left") > last("joined") ? last("left") : events.length + 1;
    const start = Math.max(mark, last("posted"), last("joined"));
    return events.slice(Math.max(0, start - 1), end - 1).filter((event) => event.kind === "posted").length;
  };
}

function linesOf(path: string): string[] {
  const bytes = readFileSync(path);
  const pieces = bytes.toString("latin1").split("\n");
  if (pieces.at(-1) === "") pieces.pop();
  return pieces.map((piece) => {
    const line = Buffer.from(piece.endsWith("\r") ? piece.slice(0, -1) : piece, "latin1");
    return new TextDecoder(isUtf8(line) ? "utf-8" : "windows-1252").decode(line);
  });
}

function comerOf(notice: string, verb: string, channel: string): string {
  const where = after(notice, verb).split(" ")[0] ?? "";
  if (where.toLowerCase() !== channel.toLowerCase()) return "";
  const who = before(notice, verb);
  return unblank(who.trimEnd().endsWith("]") && who.includes("@") ? before(who, " [") : who);
}

const before = (text: string, mark: string) => (text.includes(mark) ? text.slice(0, text.indexOf(mark)) : "");
const after = (text: string, mark: string) => (text.includes(mark) ? text.slice(text.indexOf(mark) + mark.length) : "");
const unblank = (text: string) => text.split(" ").join("");
