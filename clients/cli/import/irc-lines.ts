/** One line of an IRC log. `minute`: minutes since midnight by the clock of the log. */
export type IrcLine =
  | {
      readonly kind: "said";
      readonly minute: number;
      readonly nick: string;
      readonly text: string;
      readonly action: boolean;
    }
  | { readonly kind: "joined" | "left"; readonly nick: string }
  | { readonly kind: "renamed"; readonly nick: string; readonly newNick: string }
  | { readonly kind: "empty" }
  /** Somebody "says" nothing but blanks. */
  | { readonly kind: "wordless"; readonly minute: number }
  /** A server's notice, a relay, or noise. */
  | { readonly kind: "unknown"; readonly minute?: number };

const stamped = /^\[([01]\d|2[0-3]):([0-5]\d)\](.*)$/s;
const said = /^ <([^>]+)> ?(.*)$/s;
const acted = /^ {2}\* (\S+)(?: (.*))?$/s;
const came = /^=== (.+) has joined (#\S+) *$/;
const went = /^=== (.+) has left (#\S+)(?: .*)?$/;
const renamed = /^=== (.+) is now known as (.+)$/;
/** What some clients print behind the nick of who joins: ` [user@host]`. */
const address = / \[.*@.*\] *$/;

/** Reads a line of the log of `channel`, whose name is compared without case. */
export function parseIrcLine(line: string, channel: string): IrcLine {
  if (line.trim() === "") return { kind: "empty" };
  const stamp = stamped.exec(line);
  if (stamp) return parseStamped(stamp[3] ?? "", Number(stamp[1]) * 60 + Number(stamp[2]));
  return parseNotice(line, channel);
}

function parseStamped(rest: string, minute: number): IrcLine {
  const action = acted.exec(rest);
  const match = action ?? said.exec(rest);
  const nick = nickOf(match?.[1] ?? "");
  if (!match || nick === "") return { kind: "unknown", minute };
  const text = match[2] ?? "";
  if (text.trim() === "") return { kind: "wordless", minute };
  return { kind: "said", minute, nick, text, action: action !== null };
}

function parseNotice(line: string, channel: string): IrcLine {
  const rename = renamed.exec(line);
  if (rename) {
    const [nick, newNick] = [nickOf(rename[1] ?? ""), nickOf(rename[2] ?? "")];
    return nick && newNick ? { kind: "renamed", nick, newNick } : { kind: "unknown" };
  }
  const join = came.exec(line);
  const match = join ?? went.exec(line);
  const nick = nickOf((match?.[1] ?? "").replace(address, ""));
  if (!match || nick === "" || match[2]?.toLowerCase() !== channel.toLowerCase()) return { kind: "unknown" };
  return { kind: join ? "joined" : "left", nick };
}

/** A nick has no blanks; some logs put one behind each "]", as in `bur[n] er`. */
function nickOf(text: string): string {
  return text.replaceAll(" ", "");
}
