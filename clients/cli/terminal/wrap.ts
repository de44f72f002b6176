import stringWidth from "string-width";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Breaks text into lines of at most `columns`, at spaces where there are any. Line breaks of the text stay. */
export function wrapText(text: string, columns: number): string[] {
  return text
    .replaceAll("\t", "    ")
    .split("\n")
    .flatMap((line) => wrapLine(line, Math.max(1, columns)));
}

/** The beginning of a text that fits into `columns`. */
export function fitText(text: string, columns: number): string {
  return splitAt(text, columns)[0];
}

/** Fills up with spaces to `columns`. */
export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (stringWidth(rest) > columns) {
    const [head] = splitAt(rest, columns);
    const space = rest.charAt(head.length) === " " ? head.length : head.lastIndexOf(" ");
    const end = space > 0 ? space : Math.max(1, head.length);
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

function splitAt(text: string, columns: number): [head: string, tail: string] {
  let width = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns && index > 0) return [text.slice(0, index), text.slice(index)];
  }
  return [text, ""];
}
