import stringWidth from "string-width";

/** A line being typed: its text, and where the cursor stands in it. */
export interface EditedLine {
  readonly text: string;
  readonly cursor: number;
}

/** A key as Node's `readline.emitKeypressEvents` tells it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

export const emptyLine: EditedLine = { text: "", cursor: 0 };

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The line after a key. Keys that edit nothing leave it as it is. */
export function editLine(line: EditedLine, key: Key): EditedLine {
  const edit = key.ctrl ? controlKeys[key.name ?? ""] : key.meta ? metaKeys[key.name ?? ""] : plainKeys[key.name ?? ""];
  if (edit) return edit(line);
  if (key.ctrl || key.meta) return line;
  return insert(line, printable(key.sequence ?? ""));
}

/** Puts text in at the cursor. */
export function insert({ text, cursor }: EditedLine, added: string): EditedLine {
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
}

/** The part of the line that fits into `columns` around the cursor, and the column where the cursor is in it. */
export function viewLine({ text, cursor }: EditedLine, columns: number): { shown: string; column: number } {
  const visible = text.replaceAll("\n", "⏎");
  let start = 0;
  while (stringWidth(visible.slice(start, cursor)) >= columns) start = next(visible, start);
  let end = visible.length;
  while (stringWidth(visible.slice(start, end)) > columns) end = previous(visible, end);
  return { shown: visible.slice(start, end), column: stringWidth(visible.slice(start, cursor)) };
}

type Edit = (line: EditedLine) => EditedLine;

const left: Edit = ({ text, cursor }) => ({ text, cursor: previous(text, cursor) });
const right: Edit = ({ text, cursor }) => ({ text, cursor: next(text, cursor) });
const toStart: Edit = ({ text }) => ({ text, cursor: 0 });
const toEnd: Edit = ({ text }) => ({ text, cursor: text.length });
const wordLeft: Edit = ({ text, cursor }) => ({ text, cursor: Math.max(0, text.slice(0, cursor).search(/\S+\s*$/u)) });
const wordRight: Edit = ({ text, cursor }) => ({
  text,
  cursor: cursor + (/^\s*\S*/u.exec(text.slice(cursor))?.[0].length ?? 0),
});

const plainKeys: Readonly<Record<string, Edit>> = {
  left,
  right,
  home: toStart,
  end: toEnd,
  backspace: (line) => cut(line, left(line).cursor, line.cursor),
  delete: (line) => cut(line, line.cursor, right(line).cursor),
};

const controlKeys: Readonly<Record<string, Edit>> = {
  a: toStart,
  b: left,
  e: toEnd,
  f: right,
  left: wordLeft,
  right: wordRight,
  h: (line) => cut(line, left(line).cursor, line.cursor),
  k: (line) => cut(line, line.cursor, line.text.length),
  u: (line) => cut(line, 0, line.cursor),
  w: (line) => cut(line, wordLeft(line).cursor, line.cursor),
};

const metaKeys: Readonly<Record<string, Edit>> = { b: wordLeft, f: wordRight };

function cut({ text }: EditedLine, from: number, to: number): EditedLine {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

function previous(text: string, index: number): number {
  return [...graphemes.segment(text.slice(0, index))].at(-1)?.index ?? 0;
}

function next(text: string, index: number): number {
  const [first] = graphemes.segment(text.slice(index));
  return index + (first?.segment.length ?? 0);
}

function printable(sequence: string): string {
  return sequence.replaceAll(/\p{Cc}/gu, "");
}
