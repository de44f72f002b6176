import type { Readable, Writable } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";

/** Where a command reads and writes, and when it must stop. */
export interface Io {
  readonly stdin: Readable & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;
  readonly stdout: Writable & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>;
  readonly stderr: Writable & Partial<Pick<WriteStream, "isTTY" | "columns">>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Writes a line, waiting where the reader is slow. Resolves false where nobody reads any more. */
export async function writeLine(stream: Writable, line: string): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return false;
  if (stream.write(`${line}\n`)) return true;
  return new Promise((resolve) => {
    const settle = (writable: boolean) => () => {
      stream.off("drain", drained);
      stream.off("close", closed);
      resolve(writable);
    };
    const [drained, closed] = [settle(true), settle(false)];
    stream.once("drain", drained);
    stream.once("close", closed);
  });
}
