import { createReadStream } from "node:fs";

/** Longer lines are cut here: no IRC server passes on more than 512 bytes. */
export const maxLineBytes = 64 * 1024;

const newline = 0x0a;
const carriageReturn = 0x0d;
const utf8 = new TextDecoder("utf-8", { fatal: true });
const windows1252 = new TextDecoder("windows-1252");

/** The text of a line: UTF-8 where it is valid UTF-8, else Windows-1252, in which every byte is a character. */
export function decodeLine(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return windows1252.decode(bytes);
  }
}

/** The lines of a file one after another, without their ends. Holds one line and one chunk of the file at a time. */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield textOf(Buffer.concat([rest, chunk.subarray(start, end)]));
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(start)]).subarray(0, maxLineBytes);
  }
  if (rest.length > 0) yield textOf(rest);
}

function textOf(line: Buffer): string {
  const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
  return decodeLine(line.subarray(0, Math.min(end, maxLineBytes)));
}
